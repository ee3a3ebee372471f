"""Tables of what a step of the kit has written.

summary.py verify FILE.json        what failed, and the counts
summary.py bench RESULTS           times of every part beside the peer's, work per second, share of the card's best
summary.py profile FOLDER          the operators and kernels that take longest
summary.py rate STATS BATCH        seconds per step of the last log lines
summary.py step STATS              the last step that is logged"""
import csv
import json
import pathlib
import sys

SHOWN = 10
RATE_LINES = 4


def verify(path):
    report = json.loads(pathlib.Path(path).read_text())
    for fixture in report["fixtures"]:
        worst = max((c["maxRelativeError"] for c in fixture["checks"] if isinstance(c["maxRelativeError"], float)), default=0)
        print(f"{fixture['file']}: {len(fixture['checks'])} tensors, largest relative error {worst:.1e}")
        for check in fixture["checks"]:
            if not check["passed"]:
                print(f"  FAIL {check['name']}: {check['detail']}")
    print(f"{report['passed']} passed, {report['failed']} failed, {report['notCovered']} not covered")


def read(folder, pattern):
    """JSON files that a cut-off program may have left unfinished"""
    for path in sorted(pathlib.Path(folder).glob(pattern)):
        try:
            yield path.stem.split("-", 1)[1], json.loads(path.read_text())
        except ValueError:
            print(f"{path.name} is not complete\n")


def bench(folder):
    card_path = pathlib.Path(folder) / "card.json"
    card = json.loads(card_path.read_text()) if card_path.exists() else None
    print(f"# {card['name'] if card else 'CPU'}\n")
    if card:
        print(f"bfloat16 products {card['matmul_tflops']:.0f} TFLOP/s, copies {card['copy_gb_per_second']:.0f} GB/s\n")
    for name, report in read(folder, "bench-*.json"):
        print(f"## {name}, NVG\n\n| part | batch | seconds | per second | share |\n| --- | --- | --- | --- | --- |")
        for timing in report["timings"]:
            share = share_of(name, timing, card)
            print(f"| {timing['name']} | {timing['batch']} | {timing['seconds']:.4g} | {timing['perSecond']:.4g} | {share} |")
        print()
    for name, report in read(folder, "peer-*.json"):
        print(f"## {name}, eager PyTorch {report['torch']}\n\n```\n{json.dumps(report, indent=1)}\n```\n")
    memory = pathlib.Path(folder) / "memory.csv"
    if memory.exists() and (used := [float(row[1]) for row in csv.reader(memory.open()) if len(row) > 1]):
        print(f"largest memory in use on the card: {max(used):.0f} MiB")


def share_of(name, timing, card):
    """Of the rate of large products, for one pass of a published size: 12 W² multiplications per token and block, and attention."""
    depth = name.split("-d")[-1].split("-")[0]
    kind = next((k for k in ("content pass", "structure pass") if timing["name"].startswith(k)), None)
    if card is None or kind is None or not depth.isdigit():
        return ""
    depth, length = int(depth), 256
    width, tokens = (64 * depth, 1 + length) if kind == "content pass" else (32 * depth, 1 + 2 * length)
    sequences = timing["batch"] * (2 if "guided" in timing["name"] else 1)
    work = 2 * depth * sequences * tokens * (12 * width * width + 2 * tokens * width)
    return f"{work / timing['seconds'] / 1e12 / card['matmul_tflops']:.1%}"


def profile(folder):
    for path in sorted(pathlib.Path(folder).glob("*.operators.tsv")):
        rows = list(csv.DictReader(path.open(), delimiter="\t", quoting=csv.QUOTE_NONE))
        print(f"## {path.name.removesuffix('.operators.tsv')}\n")
        waiting = [f"{row['operator']} {row['calls']}" for row in rows if row["waits"]]
        print(f"{sum(int(row['calls']) for row in rows)} operators; waits for the device: {', '.join(waiting) or 'none'}\n")
        table("operator (time of the host)", [(row["operator"], int(row["calls"]), float(row["seconds"])) for row in rows])
        trace = path.with_name(path.name.replace(".operators.tsv", ".trace.json"))
        if trace.exists():
            table("kernel", kernels(trace))


def kernels(path):
    totals = {}
    for event in json.loads(path.read_text())["traceEvents"]:
        if event.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset"):
            calls, seconds = totals.get(event["name"], (0, 0))
            totals[event["name"]] = calls + 1, seconds + event["dur"] * 1e-6
    return [(name, *total) for name, total in totals.items()]


def table(title, rows):
    whole = sum(seconds for _, _, seconds in rows) or 1
    print(f"| {title} | calls | ms | share |\n| --- | --- | --- | --- |")
    for name, calls, seconds in sorted(rows, key=lambda row: -row[2])[:SHOWN]:
        print(f"| `{name[:110].replace('|', '/')}` | {calls} | {seconds * 1e3:.3f} | {seconds / whole:.1%} |")
    print()


def lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines() if line]


def rate(path, batch):
    # The first steps are slower than those that follow.
    seconds = [int(batch) / line["imagesPerSecond"] for line in lines(path)[-RATE_LINES:]]
    print(f"{sum(seconds) / len(seconds):.6f}")


def step(path):
    print(lines(path)[-1]["step"])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
