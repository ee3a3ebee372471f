#!/usr/bin/env bash
# Draws few-steps.svg, agreement against passes per image, from few-steps.tsv.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
awk -F '\t' '
  function x(passes) { return left + (right - left) * (log(passes) - log(low)) / (log(high) - log(low)) }
  function y(percent) { return bottom - (bottom - top) * (percent - 60) / 40 }
  function text(at, height, anchor, what) { printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", at, height, anchor, what }
  /^#/ || $1 == "model" { next }
  { model[++n] = $1; steps[n] = $2; agreement[n] = $3; passes[n] = $4 }
  END {
    left = 60; right = 600; top = 20; bottom = 250; low = 4; high = 256
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 300\" width=\"640\" height=\"300\""
    print "  font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">"
    print "<rect width=\"640\" height=\"300\" fill=\"#fff\"/>"
    for (percent = 60; percent <= 100; percent += 10) {
      printf "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", left, y(percent), right
      text(left - 6, y(percent) + 4, "end", percent " %")
    }
    split("4 8 16 32 64 128 256", ticks, " ")
    for (i = 1; i <= 7; i++) text(x(ticks[i]), bottom + 18, "middle", ticks[i])
    text((left + right) / 2, bottom + 38, "middle", "passes of the structure generator for one image")
    colour["before"] = "#b45f06"; colour["after"] = "#1c6e8c"
    for (i = 1; i <= n; i++) path[model[i]] = path[model[i]] (path[model[i]] ? "L" : "M") sprintf("%.1f %.1f", x(passes[i]), y(agreement[i]))
    for (name in path) printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path[name], colour[name]
    for (i = 1; i <= n; i++) {
      printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x(passes[i]), y(agreement[i]), colour[model[i]]
      text(x(passes[i]), y(agreement[i]) + (model[i] == "after" ? 18 : -9), "middle", steps[i])
    }
    text(x(40), y(72), "start", "<tspan fill=\"" colour["before"] "\">before the distillation</tspan>")
    text(x(40), y(66), "start", "<tspan fill=\"" colour["after"] "\">after it: the model that ships</tspan>")
    print "</svg>"
  }' few-steps.tsv >few-steps.svg
