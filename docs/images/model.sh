#!/usr/bin/env bash
# Makes the images of the README anew: ten of each class as they come, and the growth of four.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
nvg=${NVG:-./nvg}
classes=airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck
"$nvg" generate --class "$classes" --count 10 --seed 1 --threads 1 -o docs/images/classes.png
"$nvg" generate --class ship,horse --count 2 --seed 1 --stages --threads 1 -o docs/images/stages.png
