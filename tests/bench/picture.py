# SPDX-License-Identifier: Apache-2.0
"""A picture of bars, as SVG: few lines of text, which differ from one run to the next where numbers do."""

import html

WIDTH, LEFT, MOST = 900, 230, 560  # The longest bar has MOST of the width, its number comes behind.
ROW, GAP, TITLE = 20, 16, 26
OURS, OTHER = "#1f6feb", "#8c959f"


def bars(groups: list[tuple[str, str, list[tuple[str, float]]]]) -> str:
    """Each group: its title, how its numbers are written, and the bars; our own begin with connect-auth."""
    lines, top = [], GAP
    for title, shape, rows in groups:
        lines.append(f'<text x="8" y="{top + 14}" class="title">{html.escape(title)}</text>')
        top += TITLE
        largest = max(value for _, value in rows)
        for name, value in rows:
            width = round(MOST * value / largest)
            colour = OURS if name.startswith("connect-auth") else OTHER
            lines += [f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{html.escape(name)}</text>',
                      f'<rect x="{LEFT}" y="{top}" width="{width}" height="{ROW - 4}" fill="{colour}"/>',
                      f'<text x="{LEFT + width + 6}" y="{top + 13}">{shape.format(value)}</text>']
            top += ROW
        top += GAP
    return "\n".join((
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="13">',
        "<style>.title{font-weight:bold}</style>",
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>', *lines, "</svg>")) + "\n"
