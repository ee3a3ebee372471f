#!/usr/bin/env bash
# Runs the steps of the GPU kit on a machine with PyTorch, CMake and a C++ compiler: ./run.sh [OPTIONS] STEP…
#
#   all                  every step in this order
#   unpack build         the kit, and the native library against the folder of torch
#   verify tests         reference numbers in float32 and bfloat16; tests that need a device
#   bench profile        times of every part, compared with eager PyTorch; the operators and kernels that they run
#   train-eurosat train-cifar10       as many steps as the time allows; a run that was cut off continues
#   train-both           both runs side by side: one alone leaves most of the card idle
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
  [unpack]=60 [build]=180 [verify]=90 [tests]=120 [bench]=300 [profile]=90 [train-eurosat]=240 [train-cifar10]=200 [train-both]=300 [collect]=60
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
      [[ -n ${limit[$1]:-} ]] || usage "unknown step or option $1; steps: ${order[*]}"
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

# The kit, and sequences that were packed separately: whichever are next to this script.
step_unpack() {
  local found=
  if [[ -e $here/kit.tar.xz.sha256 ]]; then
    unpack kit "$kit" || return 1
    found=1
  fi
  if [[ -e $here/sequences.tar.xz.sha256 ]]; then
    unpack sequences "$work/sequences" && ln -sfn "$work/sequences" "$kit/sequences" || return 1
    found=1
  fi
  [[ -n $found ]] || {
    echo "neither kit.tar.xz nor sequences.tar.xz lies beside this script"
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

step_train-eurosat() { train eurosat; }
step_train-cifar10() { train cifar10; }

step_train-both() {
  limit[train-eurosat]=${limit[train-both]} limit[train-cifar10]=${limit[train-both]}
  # The first steps of one run are measured while the other is still starting.
  used_share=0.7
  train eurosat >"$logs/train-both-eurosat.txt" 2>&1 &
  local eurosat=$! status=0
  train cifar10 >"$logs/train-both-cifar10.txt" 2>&1 &
  local cifar10=$!
  wait "$eurosat" || status=1
  wait "$cifar10" || status=1
  tail -n 4 -- "$logs"/train-both-*.txt
  return $status
}

train() {
  # The rest of the limit is for the model and for a sheet of images.
  local name=$1 rest=25 images=16 run=$work/runs/$1
  [[ -n $quick ]] && rest=$((${limit[train-$1]} / 2)) images=1
  local deadline=$((SECONDS + ${limit[train-$1]} - rest))
  prepare_environment
  [[ -d sequences/$name ]] || {
    echo "the kit was packed without --$name"
    return 1
  }
  local batch=256 first=200 every=2000
  [[ -n $quick ]] && batch=4 first=3 every=5
  keep_snapshots "$name" &
  local keeper=$!
  if [[ ! -e $run/seconds-per-step ]]; then
    # The first steps are slower than those that follow, so the rate is that of the last log line.
    train_until "$name" "$first" "$first" "$batch" || {
      kill "$keeper" 2>/dev/null
      return 1
    }
    python3 summary.py rate "$run/stats.jsonl" "$batch" >"$run/seconds-per-step"
  fi
  local done_steps left total
  done_steps=$(python3 summary.py step "$run/stats.jsonl")
  left=$((deadline - SECONDS))
  total=$(awk -v done="$done_steps" -v left="$left" -v step="$(cat -- "$run/seconds-per-step")" \
    -v share="${used_share:-0.9}" 'BEGIN { print done + int(share * (left > 0 ? left : 0) / step) + 1 }')
  echo "$name: $done_steps steps done, $left s left, $(cat -- "$run/seconds-per-step") s a step: to step $total"
  # A run that is late is stopped with a checkpoint.
  train_until "$name" "$total" "$every" "$batch" "$left"
  local status=$?
  kill "$keeper" 2>/dev/null
  if ((status == 124)); then
    # The steps trained so far also make a model.
    train_until "$name" "$(python3 summary.py step "$run/stats.jsonl")" "$every" "$batch"
    status=$?
  fi
  snapshot "$name"
  ((status == 0)) || return $status
  cp -- "$run/log.txt" "$results/train-$name.log"
  cp -- "$run/stats.jsonl" "$results/train-$name.jsonl"
  nvg generate --model "$run/model" --count "$images" --seed 1 --device "$device" --quiet -o "$results/$name.png"
}

# NAME STEPS CHECKPOINT-EVERY BATCH [SECONDS]. Starts from random weights: minutes on a card are worth hours on the machine that trained
# the shipped models. Their structure generators are distilled, and training the velocities further would undo that.
train_until() {
  local name=$1 all=(train generator --config "configs/$1-generator.json" --data "sequences/$1/data" --sequences "sequences/$1/sequences"
    -o "$work/runs/$1" --resume --device "$device" --progress plain --set "tokenizer=models/nvg-$1" training.imageEvery=0
    "training.steps=$2" "training.checkpointEvery=$3" "training.batchSize=$4" training.keepCheckpoints=1 training.learningRate=0.003)
  [[ -e sequences/$name/variants ]] && all+=("$(<"sequences/$name/variants")")
  [[ -n $quick ]] && all+=(training.logEvery=1 training.warmupSteps=2)
  timeout --signal=TERM --kill-after=20 "${5:-3600}" "$kit/app/Nvg.Cli" "${all[@]}"
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

step_collect() {
  local name
  rm -rf -- "$work/collect"
  mkdir -p -- "$work/collect"
  cp -a -- "$results" "$logs" "$work/collect"
  for name in eurosat cifar10; do
    [[ -d $work/runs/$name/model ]] || continue
    # The tokenizer came with the kit; the average is that of the model.
    mkdir -p -- "$work/collect/models/$name"
    cp -a -- "$work/runs/$name/model/"{config.json,labels.txt,generator.safetensors} "$work/collect/models/$name"
    rm -f -- "$out/$name-average.safetensors"
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
