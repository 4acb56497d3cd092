"""Laws of names that are shown: on one line, no longer than asked, literal in Markdown, drawn with any font."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from markdown_it import MarkdownIt
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.cells import cell_len

from pipeline import ROOT, figures
from pipeline.figures.kit import fonts
from pipeline.figures.kit.canvas import blank, rendered, text_width
from pipeline.figures.kit.classes import ALL, OF_MORE, named_classes
from pipeline.text.markdown import code, literal, paragraphs, table
from pipeline.text.wording import did_you_mean, one_line, shortened, wrapped

HOSTILE = [
    *("$", "$$", r"$\frac$", "US$5-US$10", r"\$", "a|b", "<script>alert(1)</script>", "[x](y)", "*x* _y_ ~~z~~", "`q`"),
    *("two\nlines\tand more", "\x1b[31mred", "[bold]x[/x]", "\u202etxt.exe", "\udcff\udce9", "\u200b", "", "  "),
    *(
        "Größe",
        "e\u0301",
        "猫 犬 い",
        "🐦 bird",
        "🏳️\u200d🌈",
        "مرحبا",
        "שלום",
        "नमस्ते",
        "\ue000",
        "x" * 300,
        "猫" * 300,
        ":cat: @me",
    ),
]
SEVERAL = [name or "nothing" for name in HOSTILE]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_becomes_one_line_that_can_be_seen(text):
    line = one_line(text)
    assert line.isprintable() or "\u200d" in line
    assert len(line.splitlines()) == 1
    assert cell_len(line) > 0
    line.encode("utf-8")
    assert one_line(line) == line


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("most", [5, 14, 28, 100])
def test_a_text_is_shortened_in_its_middle_to_so_many_cells(text, most):
    line = shortened(text, most)
    assert cell_len(line) <= most
    if cell_len(one_line(text)) <= most:
        assert line == one_line(text)
    else:
        begin, end = line.split("…")
        assert one_line(text).startswith(begin)
        assert one_line(text).endswith(end)
        assert cell_len(line) >= most - 2


def test_lines_are_wrapped_by_what_letters_measure():
    assert wrapped("a few short words", 9) == ["a few", "short", "words"]
    assert wrapped("猫犬鳥", 4) == ["猫犬", "鳥"]
    assert all(cell_len(line) <= 20 for text in HOSTILE for line in wrapped(one_line(text), 20))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_literal_in_a_table_of_markdown(text):
    rows = table([["run", "score"], [literal(text), "1"]], align=["---", "---:"])
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(rows)
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    name = cells[2]
    assert {child.type for child in name.children} <= {"text", "text_special"}
    assert "".join(child.content for child in name.children) == (one_line(text) if text else "")


@pytest.mark.parametrize("text", [*HOSTILE, "- x", "+ x", "1. x", "2) x", "===", "    x", "# x", "> x", "one\n\ntwo"])
def test_a_message_is_literal_in_paragraphs_of_markdown(text):
    lines = [one_line(line) for line in ("Failed", *text.splitlines()) if line.strip()]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"**Note:** {paragraphs(chr(10).join(['Failed', text]))}")
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    said = [token.children for token in tokens if token.type == "inline"]
    kinds = [child.type for each in said for child in each]
    assert set(kinds) <= {"text", "text_special", "strong_open", "strong_close"}
    assert kinds.count("strong_open") == 1
    assert ["".join(child.content for child in each) for each in said] == [f"Note: {lines[0]}", *lines[1:]]


def test_a_command_with_ticks_stays_within_its_fence():
    for text in ("python -m x", "a ``` b", "````"):
        (fence,) = (token for token in MarkdownIt().parse(code(text)) if token.type == "fence")
        assert fence.content == text + "\n"
        assert len(MarkdownIt().parse(code(text))) == 1


# Pictures


def everything(names: list[str], dimensions: int) -> dict[str, Figure]:
    """Every figure in which names of classes or runs can stand."""
    random = np.random.default_rng(0)
    labels = np.arange(4 * len(names)) % len(names)
    points = figures.LabelledPoints(random.normal(size=(len(labels), dimensions)), labels, names)
    images = np.zeros((len(labels), 8, 8, 1), np.uint8)
    rows = 3 if dimensions == 2 else 1
    plane = figures.DecodedPlane(np.zeros((rows, 3, 8, 8, 1)), np.arange(3), np.arange(rows))
    steps = figures.Trajectories(np.stack([points.points, points.points]), labels, names, [0, 1])
    column = figures.Column(names[0], "ELBO 1", images[:4], images[:4], points, plane, images[:4])
    layer = figures.Layer(names[0], names[-1] or "x", (8, 8, 1), 0)
    return {
        "latent": figures.latent_space(points),
        "steps": figures.latent_steps(steps),
        "plane": figures.scatter_and_plane(plane, points),
        "beside": figures.side_by_side([column, column], title=names[0]),
        "first": figures.first_images(images, labels, names),
        "samples": figures.samples(images[:4], f"{names[0]}: samples"),
        "structure": figures.structure([("encoder", [layer])]),
        "wall": figures.trial_sheet([figures.TrialCards(names[0], names[0], [images[0].repeat(3, -1)])], names[0]),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dimensions", [1, 2])
def test_names_of_any_kind_are_drawn_as_they_are_without_a_warning(dimensions):
    for kind, figure in everything(SEVERAL, dimensions).items():
        rendered(figure)
        assert max(figure.bbox.size) < 3000, kind
        for text in figure.findobj(Text):
            assert not text.get_parse_math(), (kind, text)
    points, labels = np.zeros((2, len(SEVERAL), dimensions)), np.arange(len(SEVERAL))
    steps = figures.Trajectories(points + labels[None, :, None], labels, SEVERAL, [0, 1])
    assert figures.latent_film(steps)
    assert figures.latent_card(steps.at(0)).shape == (448, 448, 3)


@pytest.mark.parametrize("name", ["$$", r"$\frac$", "US$5-US$10"])
def test_dollars_are_written(name):
    figure = figures.latent_space(figures.LabelledPoints(np.eye(2), np.arange(2), [name, "other"]))
    rendered(figure)
    (legend,) = (axes.get_legend() for axes in figure.axes)
    assert legend.get_texts()[0].get_text() == name
    assert legend.get_texts()[0].get_window_extent().width > 4 * len(name)


def test_a_figure_that_forgets_is_literal_too():
    figure = blank(300, 100)
    figure.text(0.1, 0.5, r"$\frac$")  # as a formula it raises
    assert rendered(figure).std() > 1


def test_wide_letters_count_twice():
    assert text_width("猫猫", 10) == text_width("abcd", 10)
    figure = figures.latent_space(figures.LabelledPoints(np.eye(2), np.arange(2), ["猫" * 14, "b"]))
    figure.draw_without_rendering()
    assert figure.axes[0].get_legend().get_window_extent().x1 <= figure.bbox.width


def test_up_to_sixty_classes_are_named_and_of_more_the_twenty_with_the_most_points():
    labels = np.repeat(np.arange(600), [3 if label % 30 == 7 else 1 for label in range(600)])
    names = [f"class {label:03}" for label in range(600)]
    classes = named_classes(labels, names)
    assert classes.names == names[7::30]
    assert len(classes) == OF_MORE
    assert classes.entries[-1] == "… and 580 more"
    assert len(named_classes(labels[labels < ALL], names[:ALL])) == ALL
    assert named_classes(np.zeros(0, int), names).names == names[:OF_MORE]  # of equals the first


@pytest.mark.parametrize("dimensions", [1, 2])
def test_pictures_of_a_thousand_classes_are_as_large_as_of_few(dimensions):
    few, many = (everything([f"class {n:04}" for n in range(count)], dimensions) for count in (60, 1000))
    for kind in ("latent", "steps", "plane", "beside"):
        assert many[kind].bbox.width <= 1.3 * few[kind].bbox.width
        assert many[kind].bbox.height <= 1.1 * few[kind].bbox.height
        written = [text.get_text() for text in many[kind].findobj(Text)]
        assert any("more" in text for text in written), kind
        assert sum("class" in text for text in written) <= 8 * OF_MORE


# Fonts


def font_with(letter: str, family: str, path: Path) -> None:
    """A font of a single letter, a square."""
    pen = TTGlyphPen(None)
    for step, corner in enumerate([(0, 0), (0, 700), (700, 700), (700, 0)]):
        (pen.lineTo if step else pen.moveTo)(corner)
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "letter"])
    builder.setupCharacterMap({ord(letter): "letter"})
    builder.setupGlyf({".notdef": glyph, "letter": glyph})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "letter": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


SCRIPT = """
import logging, sys
logging.basicConfig(format="%(message)s", stream=sys.stdout)
from pipeline import figures
import numpy as np
for names in (["𒀀", "𒀁", "b"], ["𒀂", "a"]):
    for _ in range(2):
        points = figures.LabelledPoints(np.eye(len(names), 2), np.arange(len(names)), names)
        figures.latent_space(points).savefig(sys.argv[1])
"""


def drawn(tmp_path: Path, **env: str) -> str:
    """What a process says that draws names in cuneiform, for which hardly a machine has fonts."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path / "cache"), **env}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "picture.png")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def test_letters_that_no_font_has_are_boxes_and_said_once_and_a_font_that_is_installed_is_found(tmp_path):
    said = drawn(tmp_path)
    if any(fonts._writes(family, "𒀀") for family in fonts._others()):
        pytest.skip("this machine has a font for cuneiform")
    assert said.splitlines() == [
        "Pictures show boxes for letters that no font here has: 𒀀 𒀁. On Debian: apt install fonts-noto-core"
    ]
    boxes = (tmp_path / "picture.png").read_bytes()
    home = tmp_path / "home" / "fonts"
    home.mkdir(parents=True)
    for number, letter in enumerate("𒀀𒀁𒀂"):  # what an installation does; matplotlib's cache does not know of it
        font_with(letter, f"Wedge {number}", home / f"{number}.ttf")
    assert drawn(tmp_path, XDG_DATA_HOME=str(home.parent)) == ""
    assert (tmp_path / "picture.png").read_bytes() != boxes


def test_which_package_has_a_letter():
    assert fonts._package("猫") == fonts._package("い") == fonts._package("한") == "fonts-noto-cjk"
    assert fonts._package("🐦") == "fonts-symbola"
    assert fonts._package("न") == "fonts-noto-core"


# Settings of the user


def test_settings_of_the_user_change_no_picture(tmp_path):
    drawn(tmp_path)
    ours = (tmp_path / "picture.png").read_bytes()
    rude = "text.usetex: True\nsavefig.bbox: tight\nsavefig.dpi: 300\nfigure.facecolor: black\nno.such.key: 1\n"
    (tmp_path / "matplotlibrc").write_bytes(rude.encode() + b"font.family: caf\xe9\n")
    for backend in ("module://matplotlib_inline.backend_inline", "nonsense", "svg"):
        drawn(tmp_path, MPLBACKEND=backend)
        assert (tmp_path / "picture.png").read_bytes() == ours
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "matplotlibrc").rename(tmp_path / "elsewhere" / "matplotlibrc")
    drawn(tmp_path, MATPLOTLIBRC=str(tmp_path / "elsewhere"))
    assert (tmp_path / "picture.png").read_bytes() == ours


def test_what_somebody_sets_later_changes_no_picture():
    before = rendered(figures.latent_space(figures.LabelledPoints(np.eye(2), np.arange(2), ["a", "b"])))
    mpl.rcParams.update({"figure.facecolor": "black", "axes.grid": True, "font.size": 30, "text.parse_math": True})
    assert np.array_equal(
        rendered(figures.latent_space(figures.LabelledPoints(np.eye(2), np.arange(2), ["a", "b"]))), before
    )


def test_the_known_name_that_comes_nearest_is_asked_about():
    assert did_you_mean("latent_dm", ["hidden", "latent_dim"], "model.") == "Did you mean model.latent_dim? "
    assert did_you_mean("latent_dm", ["hidden", "beta"]) == ""
