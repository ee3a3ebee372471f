#!/usr/bin/env bash
# Packs everything that a rented GPU machine needs into one small folder: deploy/gpu/pack.sh [OPTIONS] FOLDER
#
#   --eurosat DATA        a data set made by nvg prepare: its sequences are packed, not its images
#   --cifar10 DATA        the same for CIFAR-10
#   --orientations        all variants that the configs train on: eight orientations of EuroSAT instead of the mirrored ones (38 MB
#                         instead of 10), and mirrored images of CIFAR-10 (20 MB instead of 10)
#   --generators          all shipped generators, not only that of nvg-eurosat
#   --apart               the sequences go into a separate folder, FOLDER/sequences, with its own run.sh, for when everything is
#                         too large for one transfer
#   --images NAME=ARCHIVE images of eurosat or cifar10, with the classes below train and test, for the steps that need them:
#                         train-tokenizer, few-steps and evaluate. They go into FOLDER/images, together with ResNet-18's files and the
#                         classifiers, without regard to --limit: bring the parts in several transfers
#   --start NAME=MODEL    a model, not distilled, from which the training of its generators starts instead of random weights
#   --limit MIB           the largest size of the folder (60)
#   --cache DIR           where the published command and the encoded sequences are kept between calls (.build/gpu)
#
# FOLDER receives run.sh, parts.sh and the parts of kit.tar.xz with their checksums. Needs the .NET SDK and what ./nvg needs.
# NVG_COMMAND names a built command to encode with, ./nvg by default.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=${here%/deploy/gpu}
nvg=${NVG_COMMAND:-$root/nvg}
cache=$root/.build/gpu
limit=60
orientations=
generators=
apart=
folder=
declare -A data=() images=() start=()

fail() {
  echo "pack: $1" >&2
  exit "${2:-1}"
}
say() { echo "pack: $*" >&2; }
megabytes() { du -sm --apparent-size -- "$1" | cut -f1; }

while (($# > 0)); do
  case $1 in
    --eurosat | --cifar10)
      data[${1#--}]=${2:?"pack: $1 needs a folder"}
      shift
      ;;
    --images | --start)
      [[ ${2:-} =~ ^(eurosat|cifar10)=(.+)$ ]] || fail "$1 takes eurosat=… or cifar10=…" 2
      if [[ $1 == --images ]]; then images[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}; else start[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}; fi
      shift
      ;;
    --orientations) orientations=1 ;;
    --generators) generators=1 ;;
    --apart) apart=1 ;;
    --limit)
      limit=${2:?"pack: --limit needs a number"}
      shift
      ;;
    --cache)
      cache=${2:?"pack: --cache needs a folder"}
      shift
      ;;
    -*) fail "unknown option $1" 2 ;;
    *) folder=$1 ;;
  esac
  shift
done
[[ -n $folder ]] || fail "usage: deploy/gpu/pack.sh [OPTIONS] FOLDER (the options are at the head of the script)" 2
for name in "${!data[@]}"; do
  [[ -f ${data[$name]}/dataset.json ]] || fail "${data[$name]}: no data set made by nvg prepare" 3
done
for name in "${!images[@]}"; do
  [[ -f ${images[$name]} ]] || fail "${images[$name]}: no such file" 3
done
if ((${#images[@]} > 0)); then
  resnet18=${NVG_RESNET18:-$(find "${NUGET_PACKAGES:-$HOME/.nuget/packages}/microsoft.ml.dnnimagefeaturizer.resnet18" \
    -type d -name DnnImageModels 2>/dev/null | sort -V | tail -n 1 || true)}
  [[ -d $resnet18 ]] || fail "ResNet-18's files are missing: docs/training-small.md says how to restore them, NVG_RESNET18 names their folder" 3
fi
for name in "${!start[@]}"; do
  [[ -f ${start[$name]}/generator.safetensors ]] || fail "${start[$name]}: no model with a generator" 3
done
mkdir -p -- "$cache" "$folder"
stage=$(mktemp -d -- "$cache/stage.XXXXXXXX")
trap 'rm -rf -- "$stage" "$cache/images.$$" "$cache/apart.$$"' EXIT

# The command with its runtime, for a machine without .NET. Code that reflects over its own types is not trimmed; the framework is.
publish() {
  local app=$cache/app
  say "publishing the command…"
  rm -rf -- "$app"
  (cd -- "$root" && dotnet publish src/Nvg.Cli -c Release -r linux-x64 --self-contained -o "$app" -v quiet \
    -p:PackAsTool=false -p:PublishTrimmed=true -p:TrimMode=partial -p:JsonSerializerIsReflectionEnabledByDefault=true \
    -p:SuppressTrimAnalysisWarnings=true -p:GenerateDocumentationFile=false -p:RunAnalyzers=false -p:DebugType=none \
    -p:NvgSkipNative=true -p:NvgNativeFolder="$cache/none") >"$cache/publish.log" 2>&1 ||
    fail "dotnet publish failed: see $cache/publish.log"
}

# Leaves out what no step uses (the studio, ONNX Runtime, debugging support), and the model, which is packed separately.
copy_app() {
  cp -a -- "$cache/app" "$stage/app"
  (cd -- "$stage/app" && rm -rf models wwwroot libonnxruntime* onnxruntime* *.pdb createdump libmscordaccore.so libmscordbi.so \
    libclrgc*.so libcoreclrtraceptprovider.so libnvg_torch.so)
}

copy_repository() {
  local name
  mkdir -p -- "$stage/models" "$stage/configs" "$stage/native"
  cp -a -- "$root/native/CMakeLists.txt" "$root/native/door" "$root/native/kernels" "$stage/native"
  mkdir -- "$stage/fixtures"
  cp -a -- "$root"/tests/fixtures/*.safetensors "$stage/fixtures"
  cp -a -- "$root"/configs/*-{generator,tokenizer}.json "$stage/configs"
  cp -a -- "$root/benchmarks/pytorch_peer.py" "$root/benchmarks/peers" "$stage"
  cp -a -- "$here"/*.py "$stage"
  for name in nvg-eurosat nvg-cifar10; do
    mkdir -- "$stage/models/$name"
    cp -a -- "$root/models/$name"/{config.json,labels.txt,tokenizer.safetensors} "$stage/models/$name"
    if [[ $name == nvg-eurosat || -n $generators ]]; then
      cp -a -- "$root/models/$name/generator.safetensors" "$stage/models/$name"
    fi
  done
  for name in "${!start[@]}"; do
    mkdir -p -- "$stage/start"
    cp -a -- "${start[$name]}" "$stage/start/$name"
    # What step collect brings back has no tokenizer unless it was trained there.
    [[ -e $stage/start/$name/tokenizer.safetensors ]] || cp -- "$root/models/nvg-$name/tokenizer.safetensors" "$stage/start/$name"
  done
  find "$stage" -name __pycache__ -prune -exec rm -rf {} +
}

# A run of one step leaves the encoded sequences behind; they are kept, and checked by their keys when this is called again. The
# key is that of the model as packed, with or without its generator.
encode() {
  local name=$1 run=$cache/$1 settings=(tokenizer="$stage/models/nvg-$1" training.steps=1 training.imageEvery=0)
  # Fewer variants of every image than the config trains on; a run from the kit needs the same setting.
  local variants=
  [[ -n $orientations ]] || case $name in
  eurosat) variants=training.orientations=null ;;
  cifar10) variants=training.flip=false ;;
  esac
  settings+=(${variants:+"$variants"})
  say "encoding $name…"
  rm -rf -- "$run/checkpoints" "$run/model"
  "$nvg" train generator --config "$root/configs/$name-generator.json" --data "${data[$name]}" -o "$run" --set "${settings[@]}" \
    --progress plain || fail "$name: the sequences were not encoded"
  mkdir -p -- "$stage/sequences/$name/data"
  cp -a -- "$run/sequences" "$stage/sequences/$name"
  cp -a -- "${data[$name]}"/{dataset.json,labels.i32} "$stage/sequences/$name/data"
  if [[ -n $variants ]]; then echo "$variants" >"$stage/sequences/$name/variants"; fi
}

[[ -n ${NVG_GPU_SKIP_PUBLISH:-} && -d $cache/app ]] || publish
copy_app
copy_repository
for name in "${!data[@]}"; do encode "$name"; done
git -C "$root" rev-parse HEAD >"$stage/commit" 2>/dev/null || echo unknown >"$stage/commit"

# FOLDER: the archives of images as they are, and the networks that steps with images need.
copy_images() {
  local name
  mkdir -p -- "$1"
  for name in "${!images[@]}"; do
    cp -- "${images[$name]}" "$1/$name.tar.gz"
    mkdir -- "$1/$name-classifier"
    cp -- "$root/models/$name-classifier"/{config.json,labels.txt,classifier.safetensors} "$1/$name-classifier"
  done
  cp -a -- "$resnet18" "$1/resnet18"
}

# FROM NAME TO [LIMIT]: packs a folder as the parts of NAME.tar.xz, together with the script that unpacks them.
compress() {
  local from=$1 name=$2 to=$3 limit=${4:-$limit} size
  say "compressing $(megabytes "$from") MiB…"
  mkdir -p -- "$to"
  tar -C "$from" --sort=name --owner=0 --group=0 -c . | xz -6 -T0 >"$cache/$name.tar.xz"
  rm -f -- "$to/$name".tar.xz.*
  "$here/parts.sh" split "$cache/$name.tar.xz" "$to"
  rm -f -- "$cache/$name.tar.xz"
  cp -a -- "$here/run.sh" "$here/parts.sh" "$to"
  size=$(find "$to" -maxdepth 1 -type f -printf "%s\n" | awk '{ sum += $1 } END { print int((sum + 1048575) / 1048576) }')
  ((size <= limit)) || fail "$to has $size MiB, more than $limit: leave out a data set, --orientations or --generators, or use --apart"
  say "$to: $size MiB"
}

if ((${#images[@]} > 0)); then
  copy_images "$cache/images.$$"
  compress "$cache/images.$$" images "$folder/images" 1024
  rm -rf -- "$cache/images.$$"
fi
if [[ -n $apart && ${#data[@]} -gt 0 ]]; then
  mv -- "$stage/sequences" "$cache/apart.$$"
  compress "$cache/apart.$$" sequences "$folder/sequences"
fi
compress "$stage" kit "$folder"
