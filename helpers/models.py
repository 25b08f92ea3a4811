"""One short builder per architecture."""

from helpers.backend import keras

layers = keras.layers


def dense_autoencoder(image_shape=(28, 28, 1), units=(500, 300, 100)):
    """Fully connected autoencoder: every pixel of the output sees every pixel of the input.

    Parameters
    ----------
    image_shape : tuple of int, optional
        Height, width, channels.
    units : tuple of int, optional
        Widths from the input to the code; the decoder mirrors them.

    Returns
    -------
    keras.Model
        Images in [0, 1] to images in [0, 1]. 1,146,484 parameters at the default sizes.
    """
    images = keras.Input(image_shape, name="image")
    x = layers.Flatten(name="pixels")(images)                                       # 28x28 -> 784
    for count in units:                                                             # 784 -> 500 -> 300 -> 100
        x = layers.Dense(count, activation="relu", name=f"encode_{count}")(x)
    for count in units[-2::-1]:                                                     # 100 -> 300 -> 500
        x = layers.Dense(count, activation="relu", name=f"decode_{count}")(x)
    pixels = image_shape[0] * image_shape[1] * image_shape[2]
    x = layers.Dense(pixels, activation="sigmoid", name="restored_pixels")(x)       # 500 -> 784
    restored = layers.Reshape(image_shape, name="restored")(x)                      # 784 -> 28x28
    return keras.Model(images, restored, name="dense_autoencoder")


def unet(image_shape=(28, 28, 1), filters=(16, 32, 64), convolutions=(1, 1, 2), skips=True):
    """Convolutional encoder and decoder whose levels of equal size are joined, after [1]_, here by addition.

    The output is the input plus a correction that starts near zero, so an untrained network already returns its input.

    Parameters
    ----------
    image_shape : tuple of int, optional
        Height and width must divide by 2 for each level but the first.
    filters, convolutions : tuple of int, optional
        Channels of each level, from the full size down, and how many 3x3 convolutions work there on the way down; above
        the smallest level as many work on the way up.
    skips : bool, optional
        False leaves out what is carried across, the input included. The parameters stay the same, and everything has to
        pass through the smallest level.

    Returns
    -------
    keras.Model
        Images to images; the output is not limited to [0, 1].

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, "U-Net: convolutional networks for biomedical image segmentation",
       MICCAI 2015.
    """
    options = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    images = x = keras.Input(image_shape, name="image")
    carried = []
    for level, (count, repeats) in enumerate(zip(filters, convolutions, strict=True)):   # 28x28 -> 14x14 -> 7x7
        if level > 0:
            carried.append(x)
            x = layers.Conv2D(count, 3, strides=2, name=f"halve_{level}", **options)(x)
        for k in range(repeats):
            x = layers.Conv2D(count, 3, name=f"encode_{level}_{k}", **options)(x)
    for level, count in reversed(list(enumerate(filters[:-1]))):                         # 7x7 -> 14x14 -> 28x28
        x = layers.Conv2DTranspose(count, 2, strides=2, name=f"double_{level}")(x)
        if skips:
            x = layers.Add(name=f"join_{level}")([x, carried[level]])
        for k in range(convolutions[level]):
            x = layers.Conv2D(count, 3, name=f"decode_{level}_{k}", **options)(x)
    small = keras.initializers.RandomNormal(stddev=0.01)
    restored = layers.Conv2D(image_shape[-1], 3, padding="same", kernel_initializer=small, name="correction")(x)
    if skips:
        restored = layers.Add(name="restored")([images, restored])
    return keras.Model(images, restored, name="unet")
