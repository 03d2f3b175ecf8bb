"""Pictures that are there twice: for pages that show SVG, and for those that drop it, as GitHub does.

JupyterLab, too, drops it in a notebook that it does not trust, as one that somebody sent.
"""

import base64


def twofold(drawn: str, image: str, label: str) -> str:
    """Draw a picture in place, and once more as an image for a page that drops the first, with the attribute `hidden`.

    Args:
        drawn: SVG. Such a page keeps its words; it has no stylesheet then that shows what is not displayed.
        image: SVG that stands alone.
        label: what it shows.
    """
    data = base64.b64encode(image.encode()).decode()
    return (
        f'<div class="ng-drawn" style="display:none">{drawn}</div>'
        f'<img hidden alt="{label}" src="data:image/svg+xml;base64,{data}" style="max-width:100%">'
    )
