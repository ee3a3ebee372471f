#!/usr/bin/env bash
# Makes the images of docs/control.md anew, by the shipped model or the one that NVG_MODEL names.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
nvg=${NVG:-./nvg} to=docs/images/control from=examples/images
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$to"
generate() { "$nvg" generate --threads 1 "$@"; }

generate --class ship --seed 6 --save "$work" -o "$work"
ship=$work/ship/6.nvg
generate --class ship --count 12 --seed 1 --structure "$from/boat.png" --structure-kind labels --structure-stages 4 --explain "$to/explain.png" -o "$to/drawing.png"
generate --class airplane --count 12 --seed 20 --structure "$from/depth.png" --structure-stages 4 -o "$to/depth.png"
generate --class airplane --count 4 --seed 1 --reference "$ship" --keep structure --keep-stages 1-6 -o "$to/figure8.png"
generate --reference "$ship" --seed 40 --count 4 --keep-stages 1-5 -o "$to/variations.png"
generate --reference "$ship" --seed 30 --count 6 --mask "$from/centre.png" -o "$to/in-painting.png"
generate --reference "$ship" --seed 30 --count 6 --mask "$from/centre.png" --outside -o "$to/out-painting.png"
generate --reference "$ship" --class dog --seed 30 --count 6 --mask "$from/centre.png" --keep-stages 0 -o "$to/class-change.png"
generate --class airplane --count 8 --seed 3 --to-class truck --to-seed 9 -o "$to/way.png"
generate --class ship --count 6 --structure "$from/boat.png" --structure-kind labels --structure-stages 5 --reference "$ship" --keep content --keep-stages 3 -o "$to/mixed.png"
