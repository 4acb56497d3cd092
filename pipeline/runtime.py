"""TensorFlow's start and settings, by which a process computes."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pipeline.config.values import Count
from pipeline.errors import InputError
from pipeline.process.cores import cores_set_aside


def import_tensorflow() -> None:
    """Import TensorFlow without its messages, and initialise no device: the process may still be forked."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", module="keras|tensorflow")
    with _stderr_held():
        import pipeline.plotting  # noqa: F401 — before Keras imports matplotlib with the settings of its user

        # isort: split
        import keras
        import tensorflow as tf

        keras.utils.disable_interactive_logging()
        keras.config.set_image_data_format("channels_last")  # whatever the user's keras.json says of other programs
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)
        tf.get_logger().setLevel("ERROR")  # its warnings take several models in one process for a mistake


def start_tensorflow() -> None:
    """Initialise TensorFlow; its messages are shown only if that fails."""
    import_tensorflow()
    import tensorflow as tf

    with _stderr_held():
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)


@dataclass(frozen=True, kw_only=True)
class RuntimeSettings:
    """Settings of how a process computes, which are applied before it computes anything.

    Attributes:
        precision: Keras' dtype policy.
        threads: of TensorFlow; null takes all cores, or those that a launcher set aside. Another number may change the
            last bits of a result.
    """

    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    threads: Count | None

    def apply(self) -> None:
        """Apply the settings to this process.

        Raises:
            InputError: TensorFlow already computes with another number of threads.
        """
        import keras
        import tensorflow as tf

        keras.config.set_dtype_policy(self.precision)
        # The last bits of a sum would otherwise depend on the order in which threads finish.
        tf.config.experimental.enable_op_determinism()
        threads = self.threads or cores_set_aside()
        if threads and threads != tf.config.threading.get_intra_op_parallelism_threads():
            try:
                tf.config.threading.set_intra_op_parallelism_threads(threads)
            except RuntimeError as error:
                raise InputError(
                    f"training.runtime.threads={threads}: TensorFlow already computes with another number in this "
                    "process; expected one number for all jobs of a command. Set it for the whole command"
                ) from error
        with _stderr_held():
            tf.constant(0)  # devices are set up at the first operation, and announced


Runtime = RuntimeSettings
"""The former name of the class, which stored configs still have as `_target_`."""


@contextmanager
def _stderr_held() -> Iterator[None]:
    """Hold back what C++ writes to the standard error stream, and print it if the block raises."""
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
