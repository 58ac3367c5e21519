"""Small multiples as one SVG, written by hand: readable on light and on dark paper, no library."""

from html import escape

WIDTH, HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 300, 120, 50, 70, 70, 62
COLOURS = ["#3f83c8", "#d0743c", "#4f9a5b"]
TEXT = "#7d858e"  # in between: 3.7 : 1 and better on white and on black
COLUMNS = 3

STYLE = f"""<style>
text {{ font: 11px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: {TEXT}; }}
.head {{ font-size: 15px; font-weight: 600; }} .title {{ font-size: 12px; font-weight: 600; }}
.axis {{ stroke: {TEXT}; stroke-opacity: .35; }} .curve {{ fill: none; stroke-width: 1.4; stroke-linejoin: round; }}
.warm {{ fill: {TEXT}; fill-opacity: .12; }}
</style>"""


def short(value):
    """At most four digits: 0.25, 12.5, 980, 12k, 1.2M."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:.3g}k"
    return f"{value:.4g}"


def ceiling(value):
    """The next round number, for the top of an axis."""
    if value <= 0:
        return 1
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * step >= value)


def panel(x, y, title, curves, times, warm):
    """`curves`: (label, values); all from 0, so that flat looks flat."""
    top = ceiling(max(max(values) for _, values in curves) * 1.02)
    span = max(times[-1] - times[0], 1e-9)

    def place(time, value):
        return f"{x + (time - times[0]) / span * WIDTH:.1f},{y + HEIGHT - value / top * HEIGHT:.1f}"

    parts = [f'<text class="title" x="{x}" y="{y - 12}">{escape(title)}</text>']
    if warm > times[0]:
        parts.append(f'<rect class="warm" x="{x}" y="{y}" width="{min(1, (warm - times[0]) / span) * WIDTH:.1f}" height="{HEIGHT}"/>')
    for share in (0, 0.5, 1):
        height = y + HEIGHT - share * HEIGHT
        parts.append(f'<path class="axis" d="M{x} {height}h{WIDTH}"/>'
                     f'<text x="{x - 5}" y="{height + 4}" text-anchor="end">{short(top * share)}</text>')
        anchor = {0: "start", 0.5: "middle", 1: "end"}[share]
        minute = (times[0] + share * span) / 60
        parts.append(f'<text x="{x + share * WIDTH}" y="{y + HEIGHT + 15}" text-anchor="{anchor}">{minute:.0f} min</text>')
    offset = WIDTH
    for number, (label, values) in reversed(list(enumerate(curves))):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(place(time, value) for time, value in zip(times, values))
        parts.append(f'<polyline class="curve" stroke="{colour}" points="{points}"/>')
        if label:
            parts.append(f'<text x="{x + offset}" y="{y - 12}" text-anchor="end" style="fill:{colour}">{escape(label)}</text>')
            offset -= 6.2 * len(label) + 10
    return "\n".join(parts)


def svg(head, panels, times, warm):
    """`panels`: (title, [(label, values)]); `warm`: until when, in seconds, the curves are not judged."""
    rows = -(-len(panels) // COLUMNS)
    width = LEFT + COLUMNS * WIDTH + (COLUMNS - 1) * GAP_X + 20
    height = TOP + rows * (HEIGHT + GAP_Y)
    body = [panel(LEFT + number % COLUMNS * (WIDTH + GAP_X), TOP + number // COLUMNS * (HEIGHT + GAP_Y), title, curves, times, warm)
            for number, (title, curves) in enumerate(panels)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f"<title>{escape(head)}</title>\n{STYLE}\n"
            f'<text class="head" x="{LEFT}" y="28">{escape(head)}</text>\n' + "\n".join(body) + "\n</svg>\n")
