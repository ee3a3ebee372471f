#!/usr/bin/env bash
# Builds libnvg_torch: build/native.sh FOLDER [LIBTORCH] [TARGET] [CMAKE OPTION…]
# FOLDER receives the build. LIBTORCH is the folder of an unpacked libtorch zip or of a pip torch package; empty for the
# system's libtorch. On failure the last line says what is wrong, and how to fix it.
set -euo pipefail

folder=$1 libtorch=${2:-} target=${3:-nvg_torch}
shift $(($# < 3 ? $# : 3))
source_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../native" && pwd)

missing=()
command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
command -v cmake >/dev/null || missing+=(cmake)
command -v make >/dev/null || command -v ninja >/dev/null || missing+=(make)
if [[ -z $libtorch ]]; then
  [[ -e /usr/include/torch/csrc/api/include/torch/version.h ]] || missing+=(libtorch-dev libgloo-dev libopenblas0-pthread)
elif [[ ! -e $libtorch/include/torch/csrc/api/include/torch/version.h ]]; then
  echo "no libtorch in $libtorch: LIBTORCH must name the folder of a libtorch zip or of a pip torch package"
  exit 1
fi
if ((${#missing[@]})); then
  echo "the native library needs ${missing[*]}: apt-get install ${missing[*]} (or set LIBTORCH to a libtorch folder)"
  exit 1
fi

# CMake cannot use the build folder of a checkout that was moved or copied.
if [[ -e $folder/CMakeCache.txt ]] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source_folder" "$folder/CMakeCache.txt"; then
  rm -rf -- "$folder"
fi

cmake -S "$source_folder" -B "$folder" -DCMAKE_BUILD_TYPE=Release -DNVG_LIBTORCH="$libtorch" \
  -DNVG_WERROR="${NVG_WERROR:-OFF}" "$@"
cmake --build "$folder" --target "$target" --parallel "$(nproc)"
