"""Bars of a few works, logarithmic, as an SVG that can be read on white and on black."""

import math

PANELS = (("launch 100", "Launch 100 servers, ms", 1), ("respawn p50", "Killed until it listens again, ms", 1),
          ("pss 100", "Memory for 100 servers, MiB", 1 / 1024), ("status 100", "Status of 100 servers, ms", 1))
WIDTH, LABEL, BAR, ROW, HEAD, GAP = 400, 92, 240, 17, 30, 24

STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a }
  .title { font-weight: 600; fill: #24292f }
  .number { font-size: 11px }
  .grid { stroke: #8c959f; stroke-opacity: .25 }
  .bar { fill: #afb8c1 }
  .bar.ours { fill: #0969da }
  text.ours { font-weight: 600; fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #9da7b3 }
    .title { fill: #e6edf3 }
    .bar { fill: #545d68 }
    .bar.ours { fill: #4493f8 }
    text.ours { fill: #4493f8 }
  }
"""


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def panel(title, values, left, top):
    """The lines of one, and how tall it is. `values`: (peer, value), the best first."""
    low = 10 ** math.floor(math.log10(values[0][1] * 0.7))
    high = max(10 ** math.ceil(math.log10(values[-1][1])), low * 10)

    def place(value):
        return BAR * math.log10(value / low) / math.log10(high / low)

    out = [f'<text class="title" x="{left}" y="{top + 14}">{title}</text>']
    bottom = top + HEAD + ROW * len(values)
    for power in range(round(math.log10(high / low)) + 1):
        x = left + LABEL + place(low * 10 ** power)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top + HEAD - 6}" y2="{bottom}"/>')
    for row, (peer, value) in enumerate(values):
        y, ours, width = top + HEAD + ROW * row, peer.startswith("berth"), max(2.0, place(value))
        name = ' class="ours"' if ours else ""
        out.append(f'<text{name} x="{left + LABEL - 8}" y="{y + 11}" text-anchor="end">{peer}</text>')
        out.append(f'<rect class="bar{" ours" if ours else ""}" x="{left + LABEL}" y="{y + 1}" width="{width:.1f}" '
                   f'height="{ROW - 5}" rx="2"/>')
        out.append(f'<text class="number" x="{left + LABEL + width + 5:.1f}" y="{y + 11}">{number(value)}</text>')
    return out, bottom - top


def draw(value, peers):
    """value(metric, peer) is a number or None."""
    panels = []
    for metric, title, scale in PANELS:
        found = [(peer, value(metric, peer) * scale) for peer in peers if value(metric, peer)]
        if found:
            panels.append((title, sorted(found, key=lambda one: one[1])))
    body, top, tallest = [], 12, 0
    for index, (title, values) in enumerate(panels):
        lines, tall = panel(title, values, 8 + (index % 2) * (WIDTH + GAP), top)
        body += lines
        tallest = max(tallest, tall)
        if index % 2 or index == len(panels) - 1:
            top, tallest = top + tallest + GAP, 0
    wide = 2 * WIDTH + GAP + 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {top}" width="{wide}" height="{top}" role="img" '
            f'aria-label="Supervisors compared; shorter bars are better, the scale is logarithmic">\n<style>{STYLE}</style>\n'
            + "\n".join(body) + "\n</svg>\n")
