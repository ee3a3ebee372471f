"""Writes PyTorch files of every kind, or prints one: torch_files.py write FOLDER | print FILE.

Values are printed as lines "name dtype sizes bytes-in-hex", which the tests compare."""
import argparse
import collections
import pathlib
import sys

import torch


class Callback:
    """An object of a class that no reader knows."""

    def __init__(self):
        self.best = torch.tensor(0.25)
        self.history = [{"loss": 1.5, "epoch": 0}, {"loss": 0.5, "epoch": 1}]
        self.where = pathlib.Path("runs/1")


def print_tensors(tensors, file=sys.stdout):
    for name, tensor in tensors.items():
        data = bytes(tensor.detach().contiguous().reshape(-1).view(torch.uint8).tolist())
        print(name, str(tensor.dtype).split(".")[1], ",".join(map(str, tensor.shape)) or "-", data.hex() or "-", file=file)


def every_type():
    torch.manual_seed(1)
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
    return collections.OrderedDict((str(kind).split(".")[1], (torch.randn(3, 5) * 3).to(kind)) for kind in kinds)


def views():
    base = torch.arange(24.0).reshape(2, 3, 4)
    layer = torch.nn.Linear(4, 3)
    state = collections.OrderedDict(
        base=base, transposed=base.transpose(0, 2), part=base[1, 1:, ::2], scalar=torch.tensor(2.5), empty=torch.empty(0, 3),
        expanded=torch.tensor([7.0]).expand(4), parameter=torch.nn.Parameter(base[0].clone()), weight=layer.weight, alias=base)
    state.update(torch.nn.BatchNorm1d(3).state_dict())
    return state


def lightning():
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(3, 4)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    state = model.state_dict()
    state.update({"ema_model." + name: value * 0.5 for name, value in model.state_dict().items()})
    return {
        "epoch": 3, "global_step": 12_345_678_901, "pytorch-lightning_version": "1.9.0", "state_dict": state, "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "kth": None}, "mine": Callback()},
        "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [scheduler.state_dict()], "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=1e-4, betas=(0.9, 0.95), names={"a", "b"}, kind=torch.float32, where=torch.device("cpu"), big=1 << 80, raw=b"\x00\xff"),
        "numbers": collections.defaultdict(list, {1: [2, -3, 4.5]}), "size": torch.Size([1, 2])}


def write(folder):
    for name, value in {"types": every_type(), "views": views(), "lightning": lightning()}.items():
        torch.save(value, folder / f"{name}.pth")
        torch.save(value, folder / f"{name}-legacy.pth", _use_new_zipfile_serialization=False)
        with open(folder / f"{name}.txt", "w", encoding="utf-8") as file:
            print_tensors(value.get("state_dict", value), file)


if __name__ == "__main__":
    action, path = sys.argv[1], pathlib.Path(sys.argv[2])
    if action == "write":
        write(path)
    else:
        print_tensors(torch.load(path)["state_dict"])
