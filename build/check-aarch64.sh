#!/usr/bin/env bash
# Compiles every source of native/ for aarch64 with a cross compiler, without linking. Checks that the plain C++ paths
# compile, and that nothing specific to x86 is used outside its conditions. Needs g++-aarch64-linux-gnu and libtorch's
# headers, which do not depend on the processor.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
compiler=${CXX_AARCH64:-aarch64-linux-gnu-g++}
include=${LIBTORCH:+$LIBTORCH/include}
include=${include:-/usr/include}
command -v "$compiler" >/dev/null || {
  echo "$compiler is missing: apt-get install g++-aarch64-linux-gnu" >&2
  exit 1
}

objects=$(mktemp -d)
trap 'rm -rf -- "$objects"' EXIT
# The headers of torch, ATen, c10 and the headers that they include, but not the C library's for another processor.
mkdir -- "$objects/include"
for name in ATen c10 caffe2 torch gloo; do
  [[ -e $include/$name ]] && ln -s -- "$include/$name" "$objects/include/$name"
done

count=0
for source in "$root"/native/door/*.cpp "$root"/native/kernels/*.cpp "$root"/native/kernels/*/*.cpp; do
  name=${source#"$root/native/"}
  "$compiler" -std=c++17 -O0 -Wall -Wextra -Werror -fPIC -fopenmp -I"$root/native" \
    -isystem "$objects/include" -isystem "$objects/include/torch/csrc/api/include" \
    -c "$source" -o "$objects/${name//\//_}.o"
  count=$((count + 1))
done
echo "aarch64: $count sources compiled"
