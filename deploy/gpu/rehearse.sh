#!/usr/bin/env bash
# Runs the whole GPU kit without a GPU: deploy/gpu/rehearse.sh [OPTIONS OF pack.sh…]
#
#   deploy/gpu/rehearse.sh                                          # without training: no data set is needed
#   deploy/gpu/rehearse.sh --eurosat data/eurosat-train --cifar10 data/cifar10-train
#
# Packs the kit, makes a tree of Debian 13 with libtorch 2.6, PyTorch, CMake and a compiler but without .NET, and runs every
# step there on the CPU, with seconds instead of minutes. Then joins the resulting parts here and checks them. Needs
# root and debootstrap, and what pack.sh needs.
#
#   NVG_DEBIAN_TREE   the tree; it is made if it is missing, and reused (.build/debian-gpu)
#   NVG_GPU_PACK      a folder that pack.sh has filled; nothing is packed then
#   NVG_GPU_FACTOR    factor on the time limit of every step, for a slow or busy machine (1)
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=${here%/deploy/gpu}
source "$root/build/debian-tree.sh"
tree=${NVG_DEBIAN_TREE:-$root/.build/debian-gpu}
pack=${NVG_GPU_PACK:-}
factor=${NVG_GPU_FACTOR:-1}
started=$SECONDS

fail() {
  echo "rehearse: $*" >&2
  exit 1
}
say() { echo "rehearse: $*" >&2; }

((EUID == 0)) || fail "must run as root: it makes a tree of Debian and mounts folders into it"

if [[ -z $pack ]]; then
  pack=$root/.build/gpu/pack
  "$here/pack.sh" "$@" "$pack"
fi

# --- the tree ---------------------------------------------------------------------------------------------------------

# PATTERN OF CHROOT'S COMMAND…: with /dev, /proc and an empty /tmp, in mounts that end with the command.
inside() {
  unshare --mount --propagation private bash -euc '
    tree=$1
    shift
    mount --rbind /dev "$tree/dev"
    mount -t proc proc "$tree/proc"
    mount -t tmpfs tmpfs "$tree/tmp"
    # The certificates of this machine, which may be behind a proxy.
    mount --bind -o ro /etc/ssl "$tree/etc/ssl"
    # One thread: small models are hardly faster with more, and on a busy machine threads wait for each other.
    exec chroot "$tree" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive DOTNET_PROCESSOR_COUNT=1 \
      PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin ${NVG_GPU_JOBS:+NVG_GPU_JOBS="$NVG_GPU_JOBS"} "$@"
  ' bash "$tree" "$@"
}

debian_tree "$tree" trixie ca-certificates "Debian 13"
has_requirements() {
  inside bash -euc 'for program in g++ cmake make xz; do command -v $program >/dev/null; done
    python3 -c "import torch, numpy"
    test -e /usr/include/torch/csrc/api/include/torch/version.h' 2>/dev/null
}
if ! has_requirements; then
  say "installing libtorch, PyTorch, CMake and a compiler there…"
  inside bash -euc 'apt-get -qq update && apt-get -qq install -y --no-install-recommends \
    g++ make cmake libtorch-dev libopenblas0-pthread python3-torch python3-numpy xz-utils zlib1g libssl3t64' >>"$tree.log" 2>&1 ||
    fail "apt-get failed: see $tree.log"
fi
! inside bash -c 'command -v dotnet' >/dev/null || fail "$tree has .NET: the rehearsal must show that none is needed"

# --- the steps --------------------------------------------------------------------------------------------------------

base=$tree/opt/nvg-gpu
rm -rf -- "$base/kit" "$base/out"
# The native build is kept, as on a machine that is still warm; everything else starts anew.
rm -rf -- "$base/work/kit" "$base/work/sequences" "$base"/work/unpacked* "$base/work/results" "$base/work/logs" "$base/work/runs"
mkdir -p -- "$base/kit" "$base/out"
# Sequences packed apart bring their own copy of run.sh; the kit's is copied last.
[[ ! -d $pack/sequences ]] || cp -t "$base/kit" -- "$pack/sequences/"*
find "$pack" -maxdepth 1 -type f -exec cp -t "$base/kit" -- {} +
limits=()
for limit in unpack=120 build=900 verify=180 tests=300 bench=300 profile=180 train-eurosat=90 train-cifar10=90 train-both=180 collect=60; do
  seconds=${limit#*=}
  # Training takes all the time that it is given.
  [[ $limit == train-* ]] || seconds=$((seconds * factor))
  [[ $limit == train-* && $factor -gt 1 ]] && seconds=$((seconds * 2))
  limits+=(--limit "${limit%%=*}=$seconds")
done
steps=(unpack build verify tests bench profile)
if [[ -n ${NVG_GPU_PACK:-} || (" $* " == *" --eurosat "* && " $* " == *" --cifar10 "*) ]]; then
  steps+=(train-both)
else
  for name in eurosat cifar10; do
    [[ " $* " == *" --$name "* ]] && steps+=("train-$name")
  done
fi
say "running: ${steps[*]} collect"
status=0
inside /opt/nvg-gpu/kit/run.sh --device cpu --quick --work /opt/nvg-gpu/work --out /opt/nvg-gpu/out "${limits[@]}" \
  "${steps[@]}" collect || status=$?

# --- what came out ----------------------------------------------------------------------------------------------------

found=$(mktemp -d)
trap 'rm -rf -- "$found"' EXIT
"$here/parts.sh" join "$base/out" nvg-results.tar.xz "$found/results.tar.xz" || fail "the results did not come through"
tar -xJf "$found/results.tar.xz" -C "$found"
for file in steps.tsv machine.txt verify-float32.json verify-bfloat16.json bench.md profile.md; do
  [[ -s $found/results/$file ]] || fail "$file is missing among the results"
done
while IFS=$'\t' read -r step code seconds; do
  printf '  %-14s %s, %s s\n' "$step" "$( ((code == 0)) && echo passed || echo "FAILED ($code)")" "$seconds" >&2
done <"$found/results/steps.tsv"
files=$(find "$base/out" -type f | wc -l)
((files <= 8)) || fail "$files files came out; a narrow way back takes eight"
in=$(du -sm --apparent-size -- "$pack" | cut -f1) out=$(du -sk --apparent-size -- "$base/out" | cut -f1)
say "$in MiB in, $out KiB in $files files out, $((SECONDS - started)) s"
((status == 0)) || fail "a step failed: its log is in $base/work/logs"
say "green"
