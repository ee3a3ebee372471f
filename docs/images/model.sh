#!/usr/bin/env bash
# Makes the images of the README and the gallery anew: ten of each class as they come, the growth of four, and drawings with the images
# that follow them.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
nvg=${NVG:-./nvg} to=docs/images from=examples/images
classes=field,forest,grassland,highway,industrial,pasture,orchard,residential,river,sea
generate() { "$nvg" generate --threads 1 --quiet "$@"; }

generate --class "$classes" --count 10 --seed 1 -o $to/classes.png
generate --class river,industrial --count 2 --seed 1 --stages -o $to/stages.png --gif $to/growth.gif
mkdir -p $to/gallery
draw() { generate --class "$2" --count 8 --seed 1 --structure $from/"$1".png --structure-stages "$3" -o $to/gallery/"$1".png; }
draw river river 3
draw coast river 2
draw fields field 3
draw road highway 3
