#!/usr/bin/env bash
# Makes the images of docs/control.md anew, by the shipped model or the one that NVG_MODEL names.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
nvg=${NVG:-./nvg} to=docs/images/control from=examples/images
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$to"
generate() { "$nvg" generate --threads 1 "$@"; }

generate --class river --seed 6 --save "$work" -o "$work"
river=$work/river/6.nvg
generate --class river --count 12 --seed 1 --structure "$from/river.png" --structure-stages 3 --explain "$to/explain.png" -o "$to/drawing.png"
generate --class field --count 12 --seed 20 --structure "$from/depth.png" --structure-stages 4 -o "$to/depth.png"
generate --class field --count 4 --seed 1 --reference "$river" --keep structure --keep-stages 1-6 -o "$to/figure8.png"
generate --reference "$river" --seed 40 --count 4 --keep-stages 1-5 -o "$to/variations.png"
generate --reference "$river" --seed 30 --count 6 --mask "$from/centre.png" -o "$to/in-painting.png"
generate --reference "$river" --seed 30 --count 6 --mask "$from/centre.png" --outside -o "$to/out-painting.png"
generate --reference "$river" --class residential --seed 30 --count 6 --mask "$from/centre.png" --keep-stages 0 -o "$to/class-change.png"
generate --class forest --count 8 --seed 3 --to-class residential --to-seed 9 -o "$to/way.png"
generate --class river --count 6 --structure "$from/river.png" --structure-stages 5 --reference "$river" --keep content --keep-stages 3 -o "$to/mixed.png"
