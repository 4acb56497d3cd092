"""What a trained model generates, written as files."""

from pathlib import Path

from pipeline.config.build import build, trusted_of
from pipeline.config.names import Config
from pipeline.generation.generated import Generator
from pipeline.places import new_folder
from pipeline.runs.loaded_run import load
from pipeline.tracking.settings import store_of


def generate(config: Config) -> list[Path]:
    """Generate what the config asks for with the model of the run that it names; gives the paths of the files.

    Raises:
        InputError: a wrong setting, a run that cannot be read, or a folder that holds something.
    """
    trusted = trusted_of(config)
    generator: Generator = build(config["what"], "what", trusted, expected=Generator)
    folder = new_folder(config["out"], "generated")
    store = store_of(config)
    trained = load(store, str(config["run"]), dataset_dir=config["dataset_dir"], trusted=trusted)
    generated = generator.generate(trained)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, content in generated.files():
        paths.append(folder / f"{type(generator).__name__.lower()}.{ending}")
        paths[-1].write_bytes(content)
    return paths
