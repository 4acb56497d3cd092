"""Laws of the interactive page: it needs nothing else, holds every point and image, and takes names for names."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from figure_parts import DIGITS, SHAPES, noise
from matplotlib.colors import to_hex
from PIL import Image
from plotly.offline import get_plotlyjs

from pipeline import figures
from pipeline.figures.interactive.latent_page import LARGEST
from pipeline.figures.interactive.web_page import plotly_text, web_page
from pipeline.figures.kit.style import class_colors

WICKED = ["</script><script>alert(1)</script>", '<b>bold</b> & "co"', "$x$ {{y}} ${z}", "ü 名前"]


def own_text(page: str) -> str:
    """The page without the text of plotly.js."""
    assert page.count(get_plotlyjs()) == 1
    return page.replace(get_plotlyjs(), "")


def scene_of(page: str) -> dict[str, Any]:
    """What the page's program draws."""
    (scene,) = re.findall(r"const scene = (\{.*\});$", own_text(page), re.MULTILINE)
    return json.loads(scene)


def image_at(address: str) -> np.ndarray:
    """The image [H, W, C] that an address of the page holds."""
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    return image[..., None] if image.ndim == 2 else image


def images_in(scene: dict[str, Any]) -> list[np.ndarray]:
    return [image_at(address) for trace in scene["traces"] for address in trace["customdata"]]


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its plain text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data


def interactive(points, labels, names, images) -> str:
    return figures.interactive_latent(figures.LabelledPoints(points, labels, names), images)


def page_of(
    random, count=60, dimensions=2, names=DIGITS, shape=(8, 8, 1), explained=None, **more
) -> tuple[str, Any, Any, Any]:
    points, labels = random.normal(size=(count, dimensions)), random.integers(0, len(names), count)
    images = noise(random, count, *shape)
    return (
        figures.interactive_latent(figures.LabelledPoints(points, labels, names, explained), images, **more),
        points,
        labels,
        images,
    )


@pytest.mark.parametrize("dimensions", [1, 2])
def test_the_page_needs_nothing_else(random, dimensions):
    page, *_ = page_of(random, dimensions=dimensions)
    own = own_text(page)
    assert 'font: 14px/1.4 "DejaVu Sans", Verdana' in own
    images = r"data:image/png;base64,[\w+/=]+"
    assert "//" not in re.sub(rf"^\s*// .*$|{images}", "", own, flags=re.MULTILINE)
    assert not any({"src", "href", "srcset", "action"} & attributes.keys() for _, attributes in Tags(own).tags)
    (policy,) = (attributes["content"] for tag, attributes in Tags(own).tags if "http-equiv" in attributes)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert not any(":" in rule.replace("data:", "") for rule in rules.values())


def test_no_button_sends_the_data_away(random):
    config = scene_of(page_of(random)[0])["config"]
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""


@pytest.mark.parametrize("dimensions", [1, 2])
def test_every_point_is_in_the_page_with_its_own_image(random, dimensions):
    page, points, labels, images = page_of(random, dimensions=dimensions)
    seen: list[int] = []
    for name, trace in zip(DIGITS, scene_of(page)["traces"], strict=True):
        members = np.flatnonzero(labels == DIGITS.index(name))
        assert set(trace["text"]) == {trace["name"]} == {name}
        for axis, column in zip("xy", points.T, strict=False):
            assert np.allclose(trace[axis], column[members], atol=1e-4)
        assert np.array_equal([image_at(address) for address in trace["customdata"]], images[members])
        seen += members.tolist()
    assert sorted(seen) == list(range(60))


@pytest.mark.parametrize("shape", SHAPES)
def test_images_of_every_shape_come_out_as_they_are(random, shape):
    page, _, _, images = page_of(random, count=7, shape=shape, names=["all"])
    scene = scene_of(page)
    assert np.array_equal(images_in(scene), images)
    height, width, _ = shape
    assert scene["size"][0] * height == scene["size"][1] * width


def test_floating_point_images_give_the_same_page(random):
    images, points, labels = noise(random, 9, 8, 8, 3), random.normal(size=(9, 2)), np.zeros(9, int)
    pages = {interactive(points, labels, ["all"], each) for each in (images, images / 255.0)}
    assert len(pages) == 1


def test_large_images_are_averaged_down(random):
    flat = np.repeat(np.arange(4, dtype=np.uint8)[:, None, None, None] * 60, 130, axis=1) * np.ones(
        (1, 1, 70, 3), np.uint8
    )
    checks = (np.indices((1, 128, 128, 1)).sum(axis=0) % 2 * 200).astype(np.uint8)
    points, labels = np.zeros((4, 2)), np.zeros(4, int)
    for shade, image in enumerate(images_in(scene_of(interactive(points, labels, ["all"], flat)))):
        assert image.shape == (LARGEST, 34, 1)
        assert (image == 60 * shade).all()
    (grey,) = images_in(scene_of(interactive(points[:1], labels[:1], ["all"], checks)))
    assert (grey == 100).all()


def test_classes_keep_their_colours(random):
    names = ["a", "b", "c", "d"]
    page = interactive(np.eye(3, 2), np.array([3, 1, 1]), names, noise(random, 3, 8, 8, 1))
    traces = scene_of(page)["traces"]
    assert [trace["name"] for trace in traces] == ["b", "d"]
    expected = [to_hex(tuple(class_colors(4)[label])) for label in (1, 3)]
    assert [set(trace["marker"]["color"]) for trace in traces] == [{code} for code in expected]


@pytest.mark.parametrize("dimensions", [1, 2])
def test_names_are_names_and_no_markup(random, dimensions):
    page, *_ = page_of(random, dimensions=dimensions, names=WICKED)
    tags = Tags(own_text(page))
    assert [tag for tag, _ in tags.tags].count("script") == 2
    assert "b" not in {tag for tag, _ in tags.tags}
    traces = scene_of(page)["traces"]
    assert [trace["text"][0] for trace in traces] == WICKED
    for trace in traces:
        assert "<" not in trace["name"]
    assert traces[1]["name"] == plotly_text(WICKED[1]) == '&lt;b&gt;bold&lt;/b&gt; &amp; "co"'


def test_a_title_is_no_markup():
    title = "A <i>title</i> & {{ more }}"
    tags = Tags(own_text(web_page("figures/interactive/base.html", title=title, hint=title, scene={})))
    assert "i" not in {tag for tag, _ in tags.tags}
    assert tags.words.count(title) == 3


def test_long_names_are_shortened_in_the_legend_alone(random):
    long = "a name that goes on and on and on"
    scene = scene_of(page_of(random, names=[long])[0])
    assert set(scene["traces"][0]["text"]) == {long}
    assert len(scene["traces"][0]["name"]) == 28
    assert "…" in scene["traces"][0]["name"]


def test_points_that_are_not_finite_are_left_out_and_counted(random):
    points = np.array([[0.0, 1.0], [np.nan, 0.0], [2.0, np.inf], [3.0, 4.0]])
    page = interactive(points, np.zeros(4, int), ["all"], noise(random, 4, 8, 8, 1))
    assert scene_of(page)["traces"][0]["x"] == [0, 3]
    assert "2 points are not finite" in own_text(page)
    assert "not finite" not in own_text(page_of(random)[0])


def test_axes_are_named_and_equal(random):
    layout = scene_of(page_of(random, explained=[0.431, 0.122])[0])["layout"]
    assert "43.1%" in layout["xaxis"]["title"]["text"]
    assert "12.2%" in layout["yaxis"]["title"]["text"]
    assert layout["yaxis"]["scaleanchor"] == "x"


def test_points_of_a_line_lie_near_the_row_of_their_class(random):
    scene = scene_of(page_of(random, dimensions=1)[0])
    assert scene["layout"]["yaxis"]["ticktext"] == [trace["name"] for trace in scene["traces"]] == DIGITS
    for row, trace in enumerate(scene["traces"]):
        assert (np.abs(np.array(trace["y"]) - row) < 0.5).all()


def test_of_very_many_classes_the_rest_has_one_entry_of_the_legend(random):
    names = [f"class {index}" for index in range(1000)]
    labels = np.arange(1000)
    page = interactive(random.normal(size=(1000, 2)), labels, names, noise(random, 1000, 4, 4, 1))
    traces = scene_of(page)["traces"]
    assert len(traces) < 50
    assert traces[-1]["name"] == f"{1001 - len(traces):,} more classes"
    assert sorted(name for trace in traces for name in trace["text"]) == sorted(names)


def test_equal_input_gives_an_equal_page(random):
    first, second = (page_of(np.random.default_rng(3), dimensions=1)[0] for _ in range(2))
    assert first == second


def test_two_thousand_points_cost_less_than_plotly_does():
    random = np.random.default_rng(0)
    points, labels = random.normal(size=(2000, 2)), random.integers(0, 10, 2000)
    page = interactive(points, labels, DIGITS, np.zeros((2000, 28, 28, 1), np.uint8))
    assert len(own_text(page)) < len(get_plotlyjs()) / 10


def test_wrong_shapes_are_refused(random):
    with pytest.raises(ValueError, match="4 images for 5 points"):
        interactive(np.zeros((5, 2)), np.zeros(5, int), ["a"], noise(random, 4, 8, 8, 1))
    with pytest.raises(ValueError, match=r"points have shape \[5, 3\]"):
        interactive(np.zeros((5, 3)), np.zeros(5, int), ["a"], noise(random, 5, 8, 8, 1))
    with pytest.raises(ValueError, match="labels run from 0 to 1"):
        interactive(np.zeros((2, 2)), np.arange(2), ["a"], noise(random, 2, 8, 8, 1))
