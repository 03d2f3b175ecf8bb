"""Text as nobody should meet it, and what HTML made of it must still be."""

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

HOSTILE = [
    "<script>window.__pwn = 1</script>",
    "</script><script>window.__pwn = 1</script>",
    "<img src=x onerror=window.__pwn=1>",
    "<svg onload=window.__pwn=1>",
    '"><img src=x onerror=window.__pwn=1>',
    "' onmouseover='window.__pwn=1",
    '" onmouseover="window.__pwn=1" x="',
    "</title><script>window.__pwn=1</script>",
    "</text></svg><script>window.__pwn=1</script>",
    "</style><script>window.__pwn=1</script>",
    "</td></tr></table><h1>out</h1>",
    "</details><details open ontoggle=window.__pwn=1>",
    "<a href='javascript:window.__pwn=1'>x</a>",
    "<iframe srcdoc='<script>parent.__pwn=1</script>'>",
    "<!-- <b> -->",
    "<![CDATA[ <b> ]]>",
    "]]>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE html>",
    "&lt;b&gt; &amp;amp; &#60; &unknown; &",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} `${1}`",
    '\\N \\G \\n \\l \\" { | } < a > %s {0}',
    'digraph { a -> b [URL="javascript:alert(1)"] }',
    '<<table border="0"><tr><td>x</td></tr></table>>',
    "javascript:alert(1)",
    "[bold red]markup[/] [link=file:///etc/passwd]x[/link]",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{POP DIRECTIONAL FORMATTING}",
    "\N{RIGHT-TO-LEFT ISOLATE}abc\N{ZERO WIDTH SPACE}def\N{BYTE ORDER MARK}",
    "\x00\x01\x07\x08\x0b\x0c\x1b[2J\x1b]0;title\x07\x7f\x9b31m",
    "line\r\nbreak\ttab\u2028line\u2029paragraph\x85next",
    "\ud800 lone \udfff surrogates",
    "\ufffe\uffff\U000e0041\U000e007f tags",
    '=HYPERLINK("http://x")',
    "'; DROP TABLE rows; --",
    "שלום <b>עולם</b> 日本語 👩\N{ZERO WIDTH JOINER}💻 Z\u0351\u036b\u0343\u036a\u0302\u036b\u033dalgo",
    # elements that execute what they are given as soon as they are there
    "<math><mtext><table><mglyph><style><img src=x onerror=window.__pwn=1></style></mglyph></table></mtext></math>",
    "<svg><style><img src=x onerror=window.__pwn=1></style></svg>",
    "<noscript><p title='</noscript><img src=x onerror=window.__pwn=1>'></noscript>",
    "</noscript><img src=x onerror=window.__pwn=1>",
    "</textarea><img src=x onerror=window.__pwn=1>",
    "<svg><animate attributeName=x dur=1s onbegin=window.__pwn=1></animate></svg>",
    "<svg><script href='data:text/javascript,window.__pwn=1' /></svg>",
    "<svg><foreignObject><iframe onload=window.__pwn=1></iframe></foreignObject></svg>",
    "<input autofocus onfocus=window.__pwn=1>",
    "<video><source onerror=window.__pwn=1></video>",
    "<audio src=x onerror=window.__pwn=1>",
    "<object data='javascript:parent.__pwn=1'></object><embed src='javascript:parent.__pwn=1'>",
    "<form id=f><button form=f formaction='javascript:window.__pwn=1'>send</button></form>",
    "<base href='javascript:/a/'><a href='#'>x</a><meta http-equiv=refresh content='0;url=javascript:window.__pwn=1'>",
    "<style>@import 'http://hostile.invalid/a.css'; * { background: url(http://hostile.invalid/b) }</style>",
    "<p style='background:url(http://hostile.invalid/c);animation-name:x' onanimationstart=window.__pwn=1>",
    "<img src='http://hostile.invalid/d'><link rel=stylesheet href='http://hostile.invalid/e'>",
    "<b/title='`'onpointerover=window.__pwn=1//style=display:block>x</b>",
    "<img\tsrc=x\nonerror\x0c=window.__pwn=1>",
    # what others than HTML would read
    '<a href="javascript:window.__pwn=1">plotly</a><br><b>bold</b> %{x} %{customdata[0]:.2f}<extra></extra>',
    "$$\\href{javascript:window.__pwn=1}{x}$$ \\(\\unicode{x3c}img\\) $\\style{background:red}{y}$",
    '[x](javascript:window.__pwn=1) ![y](x" onerror="window.__pwn=1) `</code><img src=x onerror=window.__pwn=1>`',
    '"}]};window.__pwn=1;//',
    "\\u003cimg src=x onerror=window.__pwn=1\\u003e \\x3cscript\\x3ewindow.__pwn=1\\x3c/script\\x3e",
    "&lt;img src=x onerror=window.__pwn=1&gt; &#60;img src=x onerror=window.__pwn=1&#62; &#x3c;script&#x3e;",
    "%3Cscript%3Ewindow.__pwn=1%3C/script%3E +ADw-script+AD4-window.__pwn=1+ADw-/script+AD4-",
    "${window.__pwn=1} #{window.__pwn=1} {{constructor.constructor('window.__pwn=1')()}}",
    "__proto__",
    "constructor",
    "x" * 5000 + "<b>",
    "   ",
    "…",
]

_TAGS = {
    "style", "div", "p", "code", "b", "i", "em", "span", "svg", "g", "path", "rect", "circle", "text", "tspan", "title",
    "table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "details", "summary", "img", "bdi",
    "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "class", "style", "title", "role", "aria-label", "xmlns", "viewbox", "width", "height", "x", "y", "rx", "r", "cx",
    "cy", "d", "data-node", "data-tail", "data-head", "data-segment", "data-part", "data-row", "open", "scope",
    "tabindex", "fill", "overflow", "preserveaspectratio", "text-anchor", "vector-effect", "hidden", "alt", "src",
    "colspan", "data-made-by", "data-maker",
}  # fmt: skip
_VOID = {"col", "img", "wbr"}


class _Page(HTMLParser):
    """Reads HTML as a browser would, and keeps what it holds."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def read_page(html: str) -> _Page:
    """Read HTML; it must be closed properly, encode as UTF-8 and hold nothing but what views draw."""
    html.encode()
    page = _Page()
    page.feed(html)
    page.close()
    assert {tag for tag, _ in page.elements} <= _TAGS
    assert {name for _, attributes in page.elements for name in attributes} <= _ATTRIBUTES
    return page


def elements(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a page with the names of their attributes, in order."""
    return [(tag, tuple(attributes)) for tag, attributes in read_page(html).elements]


def read_svg(html: str) -> ET.Element:
    """Read the SVG in a page as XML, which forgives nothing."""
    return ET.fromstring(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])  # noqa: S314  # our own
