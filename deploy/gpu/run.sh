#!/usr/bin/env bash
# Runs the steps of the GPU kit on a machine with PyTorch, CMake and a C++ compiler: ./run.sh [OPTIONS] STEP…
#
#   all                  the steps that need no images, in this order, with train-both for the trainings
#   unpack build         the kit, and the native library against the folder of torch
#   verify tests         reference numbers in float32 and bfloat16; tests that need a device
#   bench profile        times of every part, compared with eager PyTorch; the operators and kernels that they run
#   prepare              the data sets, if the kit was packed with images
#   train-tokenizer      EuroSAT's tokenizer, further; its generators are then trained on the new tokens. Needs images
#   train-eurosat train-cifar10       as many steps as the time allows; a run that was cut off continues
#   train-both           both runs side by side: one alone leaves most of the card idle
#   few-steps            distils both structure generators. Needs images
#   evaluate             both models with 25 to 1 structure steps, before and after. Needs images
#   collect              the results, in parts that are small enough to transfer back
#
#   --device cuda|cpu    (cuda)
#   --work DIR           where everything is unpacked and built (/tmp/nvg-gpu); steps that are done there are not repeated
#   --out DIR            where logs, results and parts go ($OUT, or ./out)
#   --limit STEP=SECONDS the time of a step
#   --quick              small models and few repetitions: tests the kit, not the machine
#
# A failed step does not end the run. Every step has a log, a line in results/steps.tsv, and result files in results/.
# Exit status: 0 if every step passed, 1 if not, 2 for wrong usage.
set -uo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
device=cuda
work=/tmp/nvg-gpu
out=${OUT:-$PWD/out}
quick=
declare -A limit=(
  [unpack]=60 [build]=180 [verify]=90 [tests]=120 [bench]=300 [profile]=90 [prepare]=60 [train-tokenizer]=240 [train-eurosat]=240
  [train-cifar10]=200 [train-both]=300 [few-steps]=120 [evaluate]=180 [collect]=60
)
order=(unpack build verify tests bench profile train-both collect)
steps=()
inside=

usage() {
  echo "run: $*" >&2
  exit 2
}

while (($# > 0)); do
  case $1 in
    --device | --work | --out | --limit | --inside)
      (($# > 1)) || usage "$1 needs a value"
      case $1 in
        --device) device=$2 ;;
        --work) work=$2 ;;
        --out) out=$2 ;;
        --inside) inside=$2 ;;
        --limit)
          [[ $2 =~ ^([a-z0-9-]+)=([0-9]+)$ && -n ${limit[${BASH_REMATCH[1]}]:-} ]] || usage "--limit takes STEP=SECONDS, not $2"
          limit[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
          ;;
      esac
      shift
      ;;
    --quick) quick=1 ;;
    all) steps=("${order[@]}") ;;
    *)
      [[ -n ${limit[$1]:-} ]] || usage "unknown step or option $1; steps: $(printf '%s\n' "${!limit[@]}" | sort | xargs)"
      steps+=("$1")
      ;;
  esac
  shift
done
[[ $device == cpu || $device =~ ^cuda(:[0-9]+)?$ ]] || usage "--device is cuda or cpu, not $device"
[[ -n $inside ]] || ((${#steps[@]} > 0)) || usage "which steps? ${order[*]}"
mkdir -p -- "$work" "$out" || exit 1
work=$(cd -- "$work" && pwd)
out=$(cd -- "$out" && pwd)
kit=$work/kit
results=$work/results
logs=$work/logs
mkdir -p -- "$results" "$logs"

# --- the machine ------------------------------------------------------------------------------------------------------

# The folder of torch with headers and libraries, or nothing for the system's libtorch.
torch_folder() {
  local folder=${LIBTORCH:-}
  [[ -n $folder ]] || folder=$(python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))' 2>/dev/null) || true
  if [[ -n $folder && -e $folder/include/torch/csrc/api/include/torch/version.h && -e $folder/lib/libtorch_cpu.so ]]; then
    echo "$folder"
  elif [[ ! -e /usr/include/torch/csrc/api/include/torch/version.h ]]; then
    echo "run: no libtorch: neither python3's torch nor the system has its headers; set LIBTORCH" >&2
    return 1
  fi
}

# CUDA libraries that come as separate Python packages are next to torch; the linker and the loader look for them here.
cuda_libraries() {
  local folder=$1 path=
  [[ -n $folder ]] || return 0
  for found in "$folder"/lib "$folder"/../nvidia/*/lib; do
    [[ -d $found ]] && path=$path${path:+:}$(cd -- "$found" && pwd)
  done
  echo "$path"
}

prepare_environment() {
  local folder
  folder=$(cat -- "$work/torch" 2>/dev/null) || true
  local libraries
  libraries=$(cuda_libraries "$folder")
  export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+${libraries:+:}$LD_LIBRARY_PATH}
  export NVG_NATIVE=$work/build/libnvg_torch.so
  export GLIBC_TUNABLES=${GLIBC_TUNABLES-glibc.malloc.hugetlb=1}
  export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
  # What the tests found not to work is switched off in later steps.
  [[ ! -s $work/switched-off ]] || export $(<"$work/switched-off")
  cd -- "$kit" || exit 1
}

nvg() { "$kit/app/Nvg.Cli" "$@"; }

# --- steps ------------------------------------------------------------------------------------------------------------
# Each runs by itself, within its limit, with its output in logs/STEP.log. `part` runs one of several parts of a step: a
# part that fails is named, the others still run, and the step fails at its end.

failed_parts=()
part() {
  local name=$1
  shift
  echo "--- $name"
  local start=$EPOCHREALTIME
  if "$@"; then
    printf -- '--- %s: passed, %.1f s\n' "$name" "$(seconds_since "$start")"
  else
    printf -- '--- %s: FAILED, %.1f s\n' "$name" "$(seconds_since "$start")"
    failed_parts+=("$name")
  fi
}
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'; }
end_parts() {
  ((${#failed_parts[@]} == 0)) && return 0
  echo "failed: ${failed_parts[*]}"
  return 1
}

# The kit, and what was packed separately: whichever are next to this script.
step_unpack() {
  local found= name
  if [[ -e $here/kit.tar.xz.sha256 ]]; then
    unpack kit "$kit" || return 1
    found=1
  fi
  for name in sequences images; do
    [[ -e $here/$name.tar.xz.sha256 ]] || continue
    unpack "$name" "$work/$name" && ln -sfn "$work/$name" "$kit/$name" || return 1
    found=1
  done
  [[ -n $found ]] || {
    echo "nothing that was packed lies beside this script: no kit.tar.xz, sequences.tar.xz or images.tar.xz"
    return 1
  }
}

# NAME FOLDER
unpack() {
  local archive=$1.tar.xz folder=$2 stamp=$work/unpacked-$1
  cmp -s -- "$here/$archive.sha256" "$stamp" && return 0
  "$here/parts.sh" join "$here" "$archive" "$work/$archive" || return 1
  rm -rf -- "$folder"
  mkdir -p -- "$folder"
  tar -xJf "$work/$archive" -C "$folder" || return 1
  rm -f -- "$work/$archive"
  cp -- "$here/$archive.sha256" "$stamp"
}

step_build() {
  local folder
  folder=$(torch_folder) || return 1
  printf '%s' "$folder" >"$work/torch"
  prepare_environment
  build_native "$folder" || build_native "$folder" -DNVG_PROFILER=OFF || build_native "$folder" -DNVG_CUDA=OFF ||
    build_native "$folder" -DNVG_PROFILER=OFF -DNVG_CUDA=OFF || return 1
  describe_machine
  nvg doctor --device "$device" >"$results/doctor.txt" 2>&1 || nvg doctor >"$results/doctor.txt" 2>&1
  cat -- "$results/doctor.txt"
}

# One card needs no groups of processes. If an interface has changed, libtorch's profiler, or CUDA graphs and kernels, are left out:
# everything else still works.
build_native() {
  [[ $# -eq 1 ]] || rm -rf -- "$work/build"
  cmake -S "$kit/native" -B "$work/build" -DNVG_LIBTORCH="$1" -DNVG_GROUPS=OFF "${@:2}" &&
    cmake --build "$work/build" --parallel "${NVG_GPU_JOBS:-$(nproc)}" --target nvg_torch
}

describe_machine() {
  {
    uname -srm
    grep -m1 'model name' /proc/cpuinfo
    nproc
    python3 -c 'import torch; print("torch", torch.__version__, torch.version.cuda)'
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo "no GPU"
  } >"$results/machine.txt" 2>&1
  cat -- "$results/machine.txt"
}

step_verify() {
  prepare_environment
  part float32 verify_in float32
  part bfloat16 verify_in bfloat16
  end_parts
}

# The JSON has every tensor; the log shows what failed.
verify_in() {
  nvg verify fixtures --device "$device" --dtype "$1" --json >"$results/verify-$1.json"
  local status=$?
  python3 summary.py verify "$results/verify-$1.json"
  return $status
}

step_tests() {
  prepare_environment
  part every-kernel every_kernel
  part operations operations
  part same-images same_images
  part images-of-the-cpu images_of_the_cpu
  part without-graphs images_without NVG_CUDA_GRAPHS
  part without-kernels images_without NVG_CUDA_KERNELS
  part bfloat16-images nvg generate --model models/nvg-eurosat --class river --count 4 --seed 1 --device "$device" --dtype bfloat16 \
    --quiet -o "$results/bfloat16.npz"
  [[ -d sequences/eurosat ]] && part killed-training killed_training
  part memory memory_over_images
  end_parts
}

# If images cannot be made with graphs and kernels, later steps continue without them; the step fails all the same.
every_kernel() {
  local switches
  for switches in "" NVG_CUDA_GRAPHS=0 "NVG_CUDA_GRAPHS=0 NVG_CUDA_KERNELS=0"; do
    # Two images one after the other: graphs are captured in the second pass.
    if env $switches "$kit/app/Nvg.Cli" generate --model models/nvg-eurosat --class river --count 2 --batch 1 --seed 1 --device "$device" \
      --quiet -o "$work/every.npz"; then
      printf '%s' "$switches" >"$work/switched-off"
      [[ -n $switches ]] || return 0
      export $switches
      return 1
    fi
    echo "no images with '${switches:-graphs and kernels}'"
  done
  return 1
}

# With one small fixture: the others have their own step.
operations() {
  mkdir -p -- "$work/one"
  cp -- fixtures/clustering.safetensors "$work/one"
  nvg verify "$work/one" --device "$device" --operations
}

same_images() {
  local file count=4
  [[ -n $quick ]] && count=1
  for file in first second; do
    nvg generate --model models/nvg-eurosat --class river,forest --count "$count" --seed 1 --device "$device" --quiet -o "$work/$file.npz" ||
      return 1
  done
  python3 compare.py same "$work/first.npz" "$work/second.npz"
}

images_of_the_cpu() {
  local count=4
  [[ -n $quick ]] && count=1
  nvg generate --model models/nvg-eurosat --class river,forest --count "$count" --seed 1 --quiet -o "$work/cpu.npz" || return 1
  python3 compare.py close "$work/first.npz" "$work/cpu.npz"
}

# VARIABLE: sampling without one of the two optimizations gives the same images.
images_without() {
  local count=4
  [[ -n $quick ]] && count=1
  env "$1=0" "$kit/app/Nvg.Cli" generate --model models/nvg-eurosat --class river,forest --count "$count" --seed 1 --device "$device" \
    --quiet -o "$work/without.npz" || return 1
  python3 compare.py close "$work/first.npz" "$work/without.npz"
}

# Training is killed and continued: it must end as planned.
killed_training() {
  local run=$work/runs/killed length=400 every=20
  [[ -n $quick ]] && length=12 every=4
  rm -rf -- "$run"
  local all=(train generator --config configs/eurosat-generator.json --data sequences/eurosat/data --sequences sequences/eurosat/sequences
    -o "$run" --resume --device "$device" --quiet --set tokenizer=models/nvg-eurosat "training.steps=$length"
    training.batchSize=8 "training.checkpointEvery=$every" "training.logEvery=$every" training.imageEvery=0)
  [[ -e sequences/eurosat/variants ]] && all+=("$(<sequences/eurosat/variants)")
  "$kit/app/Nvg.Cli" "${all[@]}" &
  local process=$!
  until compgen -G "$run/checkpoints/step-*" >/dev/null || ! kill -0 "$process" 2>/dev/null; do
    sleep 0.05
  done
  kill -KILL "$process" 2>/dev/null && echo "killed after $(ls "$run/checkpoints")"
  wait "$process" 2>/dev/null
  nvg "${all[@]}" && [[ -e $run/model/generator.safetensors ]]
}

memory_over_images() {
  local images=200
  [[ -n $quick ]] && images=10
  nvg bench --model models/nvg-eurosat --soak "$images" --device "$device" >"$results/soak.txt" || return 1
  cat -- "$results/soak.txt"
}

step_bench() {
  prepare_environment
  local repeat=3 model
  watch_memory &
  local watcher=$!
  [[ $device == cpu ]] || part card python3 card.py "$results/card.json"
  if [[ -n $quick ]]; then
    part nvg-eurosat bench_ours nvg-eurosat 2 1 --model models/nvg-eurosat --training
    part peer-eurosat bench_peer nvg-eurosat models/nvg-eurosat 1 --repeat 1 --no-whole
  else
    part nvg-d16 bench_ours nvg-d16 64 "$repeat" --preset nvg-d16 --training --structure-steps 25 --save "$work/nvg-d16"
    part nvg-d16-launched bench_launched nvg-d16-launched 1 "$repeat" --preset nvg-d16 --images-only --structure-steps 25
    for model in 4 1; do
      part "nvg-d16-$model" bench_ours "nvg-d16-steps-$model" 64 "$repeat" --preset nvg-d16 --images-only --structure-steps "$model"
    done
    part peer-d16 bench_peer nvg-d16 "$work/nvg-d16" 1 --repeat 2
    part peer-d16-64 bench_peer nvg-d16-64 "$work/nvg-d16" 64 --repeat 1
    part peer-d16-train bench_peer nvg-d16-train "$work/nvg-d16" 64 --repeat 3 --train --generator-only
    rm -rf -- "$work/nvg-d16"
    part var-d16 bench_ours var-d16 64 "$repeat" --preset var-d16
    for model in nvg-d20 nvg-d24; do
      part "$model" bench_ours "$model" 64 2 --preset "$model" --training --structure-steps 25
    done
  fi
  kill "$watcher" 2>/dev/null
  python3 summary.py bench "$results" | tee "$results/bench.md"
  end_parts
}

# NAME BATCH REPEAT OPTIONS…
bench_ours() {
  nvg bench --device "$device" --dtype bfloat16 --batch "$2" --repeat "$3" --json --quiet "${@:4}" >"$results/bench-$1.json"
}

# Without graphs and kernels, to measure what they save.
bench_launched() { NVG_CUDA_GRAPHS=0 NVG_CUDA_KERNELS=0 bench_ours "$@"; }

# NAME MODEL IMAGES OPTIONS…
bench_peer() {
  python3 pytorch_peer.py "$2" --device "$device" --dtype bfloat16 --images "$3" --batch 64 --threads "$(nproc)" "${@:4}" \
    >"$results/peer-$1.json"
}

watch_memory() {
  command -v nvidia-smi >/dev/null || return 0
  nvidia-smi --query-gpu=timestamp,memory.used,utilization.gpu,power.draw --format=csv,noheader,nounits --loop-ms=500 \
    >"$results/memory.csv"
}

step_profile() {
  prepare_environment
  local model=(--preset nvg-d16 --batch 64)
  [[ -n $quick ]] && model=(--model models/nvg-eurosat --batch 2)
  rm -rf -- "$work/profile"
  part record nvg bench "${model[@]}" --device "$device" --dtype bfloat16 --training --repeat 1 --profile "$work/profile" --quiet
  part kernels profile_tables
  end_parts
}

profile_tables() {
  python3 summary.py profile "$work/profile" >"$results/profile.md" && cat -- "$results/profile.md"
  # The traces themselves are large; the tables have the information that is needed.
  cp -- "$work"/profile/*.operators.tsv "$results"
}

# Data sets of the archives of images, in which classes lie below train and test.
step_prepare() {
  prepare_environment
  local archive name subset size
  [[ -d images ]] || {
    echo "the kit was packed without --images"
    return 1
  }
  for archive in images/*.tar.gz; do
    name=$(basename -- "$archive" .tar.gz) size=64
    [[ $name == cifar10 ]] && size=32
    for subset in train test; do
      [[ -e $work/data/$name-$subset/dataset.json ]] || part "$name-$subset" \
        nvg prepare "$archive" --subset "$subset" --size "$size" --quiet -o "$work/data/$name-$subset"
    done
  done
  end_parts
}

step_train-tokenizer() { train eurosat-tokenizer train_tokenizer_until 128; }
step_train-eurosat() { train eurosat train_generator_until 256; }
step_train-cifar10() { train cifar10 train_generator_until 256; }

step_train-both() {
  step_train-eurosat >"$logs/train-both-eurosat.txt" 2>&1 &
  local eurosat=$! status
  step_train-cifar10 >"$logs/train-both-cifar10.txt" 2>&1 &
  wait_for_all "$eurosat" $!
  status=$?
  tail -n 4 -- "$logs"/train-both-*.txt
  return $status
}

# NAME TRAINER BATCH: measures the time of a step, plans as many as fit, and plans once more before the learning rate decays: by then
# what runs beside it may have changed.
train() {
  # The rest of the limit is for the model and for a sheet of images.
  local name=$1 trainer=$2 batch=$3 rest=25 images=16 run=$work/runs/$1
  [[ -n $quick ]] && rest=$((${limit[$inside]} / 2)) images=1
  local deadline=$((SECONDS + ${limit[$inside]} - rest))
  prepare_environment
  local first=200 every=2000
  [[ -n $quick ]] && batch=4 first=3 every=5
  keep_snapshots "$name" &
  local keeper=$!
  if [[ ! -e $run/stats.jsonl ]]; then
    "$trainer" "$name" "$first" "$first" "$batch" || {
      kill "$keeper" 2>/dev/null
      return 1
    }
  fi
  local share total left status=0
  for share in 0.4 1; do
    total=$(planned_steps "$run/stats.jsonl" "$batch" $((deadline - SECONDS)))
    left=$(awk -v left=$((deadline - SECONDS)) -v share=$share 'BEGIN { print int(left * share > 1 ? left * share : 1) }')
    echo "$name: step $(python3 summary.py step "$run/stats.jsonl") of $total, $left s"
    "$trainer" "$name" "$total" "$every" "$batch" "$left"
    status=$?
    ((status == 124 || status == 137)) || break
  done
  kill "$keeper" 2>/dev/null
  if ((status == 124 || status == 137)); then
    # A run that is late was stopped with a checkpoint; the steps trained so far also make a model.
    "$trainer" "$name" "$(python3 summary.py step "$run/stats.jsonl")" "$every" "$batch"
    status=$?
  fi
  snapshot "$name"
  ((status == 0)) || return $status
  cp -- "$run/log.txt" "$results/train-$name.log"
  cp -- "$run/stats.jsonl" "$results/train-$name.jsonl"
  [[ -e $run/model/generator.safetensors ]] || return 0
  nvg generate --model "$run/model" --count "$images" --seed 1 --device "$device" --quiet -o "$results/$name.png"
}

# STATS BATCH SECONDS: the number of the last step that fits, at the rate of the last log lines.
planned_steps() {
  awk -v done="$(python3 summary.py step "$1")" -v step="$(python3 summary.py rate "$1" "$2")" -v left="$3" \
    'BEGIN { print done + int(0.94 * (left > 0 ? left : 0) / step) + 1 }'
}

# NAME STEPS CHECKPOINT-EVERY BATCH [SECONDS]. Starts from random weights, or from the averaged weights of an earlier run that were
# packed (--start): minutes on a card are worth hours on the machine that trained the shipped models. Their structure generators are
# distilled, and training the velocities further would undo that.
train_generator_until() {
  local name=$1 tokenizer=models/nvg-$1 trained=$work/runs/$1-tokenizer/model
  local settings=("training.steps=$2" "training.checkpointEvery=$3" "training.batchSize=$4" training.learningRate=0.003)
  if [[ -d $trained ]]; then
    tokenizer=$trained
  elif [[ -d start/$name ]]; then
    settings+=("start=start/$name")
  fi
  local data=("$work/data/$name-train")
  if [[ ! -d $data ]]; then
    [[ -d sequences/$name ]] || {
      echo "the kit was packed without --$name"
      return 1
    }
    data=("sequences/$name/data" --sequences "sequences/$name/sequences")
    [[ -e sequences/$name/variants ]] && settings+=("$(<"sequences/$name/variants")")
  fi
  run_training generator "$name" "${5:-3600}" --data "${data[@]}" --set "tokenizer=$tokenizer" "${settings[@]}"
}

# The tokenizer goes on from the shipped one. The discriminator starts anew, and codes that are in use need no revival.
train_tokenizer_until() {
  local data=$work/data/${1%-tokenizer}-train
  [[ -d $data ]] || {
    echo "the kit was packed without images of ${1%-tokenizer}"
    return 1
  }
  run_training tokenizer "$1" "${5:-3600}" --data "$data" --set "start=models/nvg-${1%-tokenizer}" "training.steps=$2" \
    "training.checkpointEvery=$3" "training.batchSize=$4" training.learningRate=0.001 loss.warmupSteps=0 loss.reviveEvery=0 \
    loss.adversarial.startStep=50 loss.perceptual.weights=images/resnet18
}

# KIND NAME SECONDS OPTIONS…
run_training() {
  local all=(train "$1" --config "configs/${2%-tokenizer}-$1.json" -o "$work/runs/$2" --resume --device "$device" --progress plain
    "${@:4}" training.imageEvery=0 training.keepCheckpoints=1)
  [[ -n $quick ]] && all+=(training.logEvery=1 training.warmupSteps=2)
  # In the foreground, so that the limit of the step reaches the run as well.
  timeout --foreground --signal=TERM --kill-after=20 "$3" "$kit/app/Nvg.Cli" "${all[@]}"
}

# PROCESSES…: 0 if all of them succeed.
wait_for_all() {
  local process status=0
  for process; do
    wait "$process" || status=1
  done
  return $status
}

# The runs whose model can be distilled and measured.
trained_models() {
  local name names=()
  for name in eurosat cifar10; do
    [[ -d $work/runs/$name/model && -d $work/data/$name-train ]] && names+=("$name")
  done
  ((${#names[@]} > 0)) || {
    echo "no trained model whose images are here" >&2
    return 1
  }
  echo "${names[@]}"
}

step_few-steps() {
  prepare_environment
  local name names processes=() status
  names=$(trained_models) || return 1
  for name in $names; do
    distil "$name" >"$logs/few-steps-$name.txt" 2>&1 &
    processes+=($!)
  done
  wait_for_all "${processes[@]}"
  status=$?
  tail -n 4 -- "$logs"/few-steps-*.txt
  return $status
}

# The settings that the shipped models were distilled with: docs/few-steps.md.
distil() {
  local steps=400 batch=64
  [[ -n $quick ]] && steps=4 batch=4
  nvg distill "$work/runs/$1/model" --data "$work/data/$1-train" -o "$work/runs/$1-few-steps" --resume --device "$device" --progress plain \
    --set training.steps=$steps training.batchSize=$batch training.learningRate=1e-3 training.warmupSteps=20 training.holdShare=0.5 \
    training.emaDecay=0.98 training.flip=true intervals.grid=8 teacherSpan=8 rankWeight=0.05 training.checkpointEvery=200
}

# Two seeds of every model, side by side: the host's share of a step is larger than the card's.
step_evaluate() {
  prepare_environment
  local name names seed kind model processes=() status
  names=$(trained_models) || return 1
  for name in $names; do
    for seed in 0 1000000; do
      for kind in before after; do
        model=$work/runs/$name/model
        [[ $kind == before ]] || model=$work/runs/$name-few-steps/model
        [[ -d $model ]] || continue
        few_steps_table "$name" "$model" "$seed" "few-steps-$name-$kind-$seed" >"$logs/evaluate-$name-$kind-$seed.txt" 2>&1 &
        processes+=($!)
      done
    done
  done
  wait_for_all "${processes[@]}"
  status=$?
  tail -n 3 -- "$logs"/evaluate-*.txt
  return $status
}

# NAME MODEL SEED TABLE
few_steps_table() {
  local images=270 batch=500
  [[ $1 == cifar10 ]] && images=1000
  [[ -n $quick ]] && images=2 batch=20
  nvg evaluate sweep --model "$2" --features "images/$1-classifier" --reference "$work/data/$1-train" --vary structureSteps=25,8,4,2,1 \
    --per-class "$images" --batch "$batch" --seed "$3" --device "$device" --json --quiet -o "$work/sweeps/$4" >"$results/$4.json"
}

# The averaged weights of the newest checkpoint, in bfloat16 and without optimizer, every two minutes.
keep_snapshots() {
  while sleep 120; do snapshot "$1"; done
}

snapshot() {
  local newest
  newest=$(find "$work/runs/$1/checkpoints" -maxdepth 1 -name 'step-*' 2>/dev/null | sort | tail -n 1)
  [[ -n $newest ]] || return 0
  # A checkpoint that is replaced while it is read has a successor, which the next call uses.
  python3 snapshot.py "$newest/average.safetensors" "$work/$1-average.safetensors" 2>/dev/null &&
    cp -- "$work/$1-average.safetensors" "$out/$1-average.safetensors"
  return 0
}

# MODEL FOLDER. The weights of the model are the averaged ones.
collect_generators() {
  [[ -d $1 ]] || return 1
  mkdir -p -- "$2"
  cp -a -- "$1/"{config.json,labels.txt,generator.safetensors} "$2"
}

step_collect() {
  local name
  rm -rf -- "$work/collect"
  mkdir -p -- "$work/collect"
  cp -a -- "$results" "$logs" "$work/collect"
  # A study that was cut off has a file for every setting that was measured.
  (cd -- "$work" && find sweeps -name '*.json' -exec cp --parents -t "$work/collect" -- {} + 2>/dev/null)
  for name in eurosat cifar10; do
    # A tokenizer that was not trained here came with the kit.
    if [[ -d $work/runs/$name-tokenizer/model ]]; then
      mkdir -p -- "$work/collect/models/$name"
      cp -a -- "$work/runs/$name-tokenizer/model/tokenizer.safetensors" "$work/collect/models/$name"
      rm -f -- "$out/$name-tokenizer-average.safetensors"
    fi
    collect_generators "$work/runs/$name/model" "$work/collect/models/$name" && rm -f -- "$out/$name-average.safetensors"
    collect_generators "$work/runs/$name-few-steps/model" "$work/collect/models/$name-few-steps"
  done
  tar -C "$work/collect" -c . | xz -3 -T0 >"$work/nvg-results.tar.xz" &&
    "$here/parts.sh" split "$work/nvg-results.tar.xz" "$out" 15
}

# --- the run ----------------------------------------------------------------------------------------------------------

if [[ -n $inside ]]; then
  "step_$inside"
  exit
fi

outcome=0
options=(--device "$device" --work "$work" --out "$out" ${quick:+--quick})
for step in "${steps[@]}"; do
  start=$EPOCHREALTIME
  echo "run: $step…" >&2
  timeout --signal=TERM --kill-after=30 "${limit[$step]}" \
    bash "${BASH_SOURCE[0]}" "${options[@]}" --limit "$step=${limit[$step]}" --inside "$step" >"$logs/$step.log" 2>&1
  status=$?
  seconds=$(seconds_since "$start")
  printf '%s\t%s\t%s\n' "$step" "$status" "$seconds" >>"$results/steps.tsv"
  if ((status == 0)); then
    echo "run: $step passed in $seconds s" >&2
  else
    outcome=1
    echo "run: $step failed with status $status after $seconds s; the end of its log:" >&2
    tail -n 12 -- "$logs/$step.log" | sed 's/^/    /' >&2
  fi
  # Also if the machine is taken away before everything has run.
  cp -- "$results/steps.tsv" "$out"
  cat -- "$logs"/*.log >"$out/logs.txt"
done
exit $outcome
