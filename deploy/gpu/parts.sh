#!/usr/bin/env bash
# Splits a large file into parts for transfers of limited size, with checksums of every part and of the whole.
#
#   parts.sh split FILE FOLDER [MIB]     FOLDER/NAME.000, NAME.001, … of at most MIB (15) each, and FOLDER/NAME.sha256
#   parts.sh join FOLDER NAME TARGET     checks the parts, joins them into the file TARGET and checks that
set -euo pipefail

fail() {
  echo "parts: $*" >&2
  exit 1
}

split_file() {
  local file=$1 folder=$2 size=${3:-15} name
  name=$(basename -- "$file")
  [[ -f $file ]] || fail "$file: no such file"
  mkdir -p -- "$folder"
  rm -f -- "$folder/$name".[0-9][0-9][0-9] "$folder/$name.sha256"
  split --bytes="${size}M" --numeric-suffixes --suffix-length=3 -- "$file" "$folder/$name."
  {
    (cd -- "$folder" && sha256sum -- "$name".[0-9][0-9][0-9])
    (cd -- "$(dirname -- "$file")" && sha256sum -- "$name")
  } >"$folder/$name.sha256"
}

join_file() {
  local folder=$1 name=$2 target=$3 whole
  [[ -f $folder/$name.sha256 ]] || fail "$folder/$name.sha256: no such file"
  (cd -- "$folder" && grep -E '\.[0-9]{3}$' "$name.sha256" | sha256sum --check --quiet --strict) ||
    fail "$folder: a part of $name is missing or damaged: bring the folder here again"
  # In the order of the list: leftover parts of an earlier split are not in it.
  mapfile -t parts < <(grep -oE '[^ ]+\.[0-9]{3}$' "$folder/$name.sha256")
  (cd -- "$folder" && cat -- "${parts[@]}") >"$target.partial"
  whole=$(grep -vE '\.[0-9]{3}$' "$folder/$name.sha256")
  [[ $(sha256sum <"$target.partial") == "${whole%% *}"* ]] || fail "$name: the joined file has another checksum"
  mv -- "$target.partial" "$target"
}

case ${1:-} in
  split) (($# == 3 || $# == 4)) || fail "usage: parts.sh split FILE FOLDER [MIB]" && split_file "${@:2}" ;;
  join) (($# == 4)) || fail "usage: parts.sh join FOLDER NAME TARGET" && join_file "${@:2}" ;;
  *)
    echo "usage: parts.sh split FILE FOLDER [MIB] | join FOLDER NAME TARGET" >&2
    exit 2
    ;;
esac
