#!/usr/bin/env bash
# Packs all packages and the tool: build/pack.sh FOLDER. Builds what is stale first, with the libtorch that LIBTORCH names or
# the system's; the native package only works with that version.
set -euo pipefail

root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
(($# == 1)) || {
  echo "usage: build/pack.sh FOLDER" >&2
  exit 2
}
mkdir -p -- "$1"
packages=$(cd -- "$1" && pwd)
source "$root/build/prepare.sh"

# The version in the headers, such as "2.6"; newer headers keep the numbers in another file.
torch_version() {
  local header number major='' minor=''
  for header in torch/headeronly/version.h torch/csrc/api/include/torch/version.h; do
    [[ -e $torch_include/$header ]] || continue
    while read -r _ number; do
      case $number in
        TORCH_VERSION_MAJOR\ *) major=${number##* } ;;
        TORCH_VERSION_MINOR\ *) minor=${number##* } ;;
      esac
    done < <(grep -E '^#define TORCH_VERSION_(MAJOR|MINOR) +[0-9]+' "$torch_include/$header")
    [[ -n $major && -n $minor ]] && break
  done
  printf '%s.%s' "$major" "$minor"
}

pack() {
  (cd -- "$root" && step "pack-${1##*/}" dotnet pack "$@" -c Release -o "$packages" -nodeReuse:false -p:UseSharedCompilation=false \
    "-p:NvgNativeFolder=$native_folder" -p:NvgSkipNative=true)
}

lock_build
check_requirements
say "Building…"
build_native nvg_torch
(build_managed managed-build src/Nvg.Cli)
# The one package that the command does not use.
(build_managed extensions-build src/Nvg.Extensions.AI)
say "Packing…"
for project in Nvg.Torch Nvg.Imaging Nvg Nvg.Data Nvg.Training Nvg.Evaluation Nvg.Server Nvg.Extensions.AI Nvg.Cli; do
  pack "src/$project" --no-build
done
pack native/package "-p:NvgTorchVersion=$(torch_version)"
unlock_build
