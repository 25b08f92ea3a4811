"""Keras, with its backend started quietly and, on request, deterministic: the one place that knows TensorFlow.

TensorFlow's C++ code writes lines about its build to the process's error stream while it loads; ``TF_CPP_MIN_LOG_LEVEL``
stops most of them, not all. They would stand as red text at the top of every notebook. Import Keras from here, or any
module of ``helpers`` before Keras, and they do not appear. The level is 3 and not 2, because deterministic kernels report
an attribute of tf.data that they ignore as an error in every epoch; real errors still arrive as Python exceptions.
"""

import contextlib
import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def _error_stream_kept_back():
    """Nothing reaches the error stream in this block; what was written is shown when the block fails."""
    saved, kept = os.dup(2), tempfile.TemporaryFile()
    try:
        os.dup2(kept.fileno(), 2)
        yield
    except BaseException:
        kept.seek(0)
        os.write(saved, kept.read())
        raise
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        kept.close()


with _error_stream_kept_back():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.constant(0)  # the first operation prints too
        tensorflow.get_logger().setLevel("ERROR")  # a page that runs a dozen networks is no mistake, and is warned of as one


def use_deterministic_kernels():
    """Make the backend's operations give the same bits in every run on the same machine.

    TensorFlow has a switch for it. JAX on a CPU needs none.
    """
    if keras.backend.backend() == "tensorflow":
        tensorflow.config.experimental.enable_op_determinism()


__all__ = ["keras", "use_deterministic_kernels"]
