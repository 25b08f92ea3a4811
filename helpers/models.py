"""One short builder per architecture, in lines that a notebook shows whole."""

from helpers.backend import keras

layers = keras.layers


def convolutional_autoencoder(
    image_shape=(64, 64, 3), filters=(32, 64, 128), strides=2, *, skips=False, blocks=0,
    residual=False, batch_normalization=False, dropout=0.0, last="sigmoid",
):
    """Mirror-symmetric convolutional autoencoder.

    Parameters
    ----------
    image_shape : tuple of int, optional
        Height, width, channels; with ``strides=2`` both sides must divide by 2 for each
        stage.
    filters : tuple of int, optional
        Channels of each encoder stage; the decoder mirrors them.
    strides : int, optional
        2 halves the picture in each stage. 1 leaves no bottleneck, and the network can
        learn the identity.
    skips : bool, optional
        Carry what went into each encoder stage over to the decoder, where the size is
        the same again.
    blocks : int, optional
        Residual blocks [1]_ of two convolutions at the smallest size.
    residual : bool, optional
        The output is the input plus a correction. Goes with a `last` activation of
        None.
    batch_normalization : bool, optional
        After each convolution, before its activation.
    dropout : float, optional
        Share of values that are set to zero after each encoder stage while training.
    last : str or None, optional
        Activation of the output.

    Returns
    -------
    keras.Model
        Images to images. 333,955 parameters at the default sizes, with and without
        strides.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image
       recognition", CVPR 2016.
    """
    def convolved(x, kind, count, name):
        x = kind(count, strides=strides, name=name, **options)(x)
        if batch_normalization:
            x = layers.BatchNormalization(name=f"{name}_normalized")(x)
        return layers.Activation("relu", name=f"{name}_relu")(x)

    options = {"kernel_size": 3, "padding": "same"}
    images = x = keras.Input(image_shape, name="image")
    carried = []
    for stage, count in enumerate(filters):            # 64x64 -> 32x32 -> 16x16 -> 8x8
        carried.append(x)
        x = convolved(x, layers.Conv2D, count, f"encode_{stage}")
        if dropout:
            x = layers.Dropout(dropout, name=f"drop_{stage}")(x)
    for k in range(blocks):                            # stays 8x8
        inner = layers.Conv2D(
            filters[-1], activation="relu", name=f"block_{k}_first", **options
        )(x)
        inner = layers.Conv2D(filters[-1], name=f"block_{k}_second", **options)(inner)
        x = layers.Add(name=f"block_{k}")([x, inner])
    for stage in reversed(range(len(filters))):        # 8x8 -> 16x16 -> 32x32 -> 64x64
        x = convolved(x, layers.Conv2DTranspose, filters[stage], f"decode_{stage}")
        if skips:
            x = layers.Concatenate(name=f"join_{stage}")([x, carried[stage]])
    name = "correction" if residual else "restored"
    restored = layers.Conv2D(image_shape[-1], activation=last, name=name, **options)(x)
    if residual:
        restored = layers.Add(name="restored")([images, restored])
    return keras.Model(images, restored, name="convolutional_autoencoder")


def pooled_autoencoder(
    image_shape=(64, 64, 3), filters=(32, 64), *, grow="transposed", skips=False,
    blocks=0, residual=False,
):
    """Convolutional autoencoder that shrinks by pooling.

    Parameters
    ----------
    image_shape : tuple of int, optional
        Both sides must divide by 2 for each stage.
    filters : tuple of int, optional
        Channels of each encoder stage; the decoder mirrors them.
    grow : {"transposed", "nearest"}, optional
        How the decoder doubles its size: by transposed convolution, or by
        nearest-neighbour upsampling and a convolution.
    skips : bool, optional
        Add what each encoder stage saw before its pooling to the decoder, where the
        size is the same again.
    blocks : int, optional
        Residual blocks of two convolutions at the smallest size.
    residual : bool, optional
        The output is the input plus a correction, instead of a picture through a
        sigmoid.

    Returns
    -------
    keras.Model
        Images in [0, 1] to images.
    """
    options, channels = {"padding": "same", "activation": "relu"}, image_shape[-1]
    images = x = keras.Input(image_shape, name="image")
    carried = []
    for stage, count in enumerate(filters):            # 64x64 -> 32x32 -> 16x16
        x = layers.Conv2D(count, 3, name=f"encode_{stage}", **options)(x)
        carried.append(x)
        x = layers.MaxPooling2D(name=f"pool_{stage}")(x)
    for k in range(blocks):                            # stays 16x16
        inner = layers.Conv2D(filters[-1], 3, name=f"block_{k}_first", **options)(x)
        inner = layers.Conv2D(
            filters[-1], 3, padding="same", name=f"block_{k}_second"
        )(inner)
        x = layers.Add(name=f"block_{k}")([x, inner])
    for stage in reversed(range(len(filters))):        # 16x16 -> 32x32 -> 64x64
        count, name = filters[stage], f"decode_{stage}"
        if grow == "transposed":
            x = layers.Conv2DTranspose(count, 3, strides=2, name=name, **options)(x)
        else:
            x = layers.UpSampling2D(name=f"double_{stage}")(x)
            x = layers.Conv2D(count, 3, name=name, **options)(x)
        if skips:
            x = layers.Add(name=f"join_{stage}")([x, carried[stage]])
    if not residual:
        restored = layers.Conv2D(
            channels, 3, padding="same", activation="sigmoid", name="restored"
        )(x)
    else:
        small = keras.initializers.RandomNormal(stddev=0.01)
        correction = layers.Conv2D(
            channels, 3, padding="same", kernel_initializer=small, name="correction"
        )(x)
        restored = layers.Add(name="restored")([images, correction])
    return keras.Model(images, restored, name="pooled_autoencoder")


def unet(
    image_shape=(28, 28, 1), filters=(16, 32, 64), convolutions=(1, 1, 2), skips=True
):
    """Convolutional encoder and decoder whose levels of equal size are joined [1]_.

    They are joined by addition. The output is the input plus a correction that starts
    near zero, so an untrained network already returns its input.

    Parameters
    ----------
    image_shape : tuple of int, optional
        Height and width must divide by 2 for each level but the first.
    filters, convolutions : tuple of int, optional
        Channels of each level, from the full size down, and how many 3x3 convolutions
        work there on the way down; above the smallest level as many work on the way up.
    skips : bool, optional
        False leaves out what is carried across, the input included. The parameters stay
        the same, and everything has to pass through the smallest level.

    Returns
    -------
    keras.Model
        Images to images; the output is not limited to [0, 1].

    Examples
    --------
    >>> unet((None, None, 3), filters=(16, 32), convolutions=(1, 1)).output_shape
    (None, None, None, 3)

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer and T. Brox, "U-Net: convolutional networks for
       biomedical image segmentation", MICCAI 2015; there by concatenation.
    """
    options = {
        "padding": "same", "activation": "relu", "kernel_initializer": "he_normal"
    }
    levels = list(zip(filters, convolutions, strict=True))
    images = x = keras.Input(image_shape, name="image")
    carried = []
    for level, (count, repeats) in enumerate(levels):  # 28x28 -> 14x14 -> 7x7
        if level > 0:
            carried.append(x)
            x = layers.Conv2D(count, 3, strides=2, name=f"halve_{level}", **options)(x)
        for k in range(repeats):
            x = layers.Conv2D(count, 3, name=f"encode_{level}_{k}", **options)(x)
    for level in reversed(range(len(levels) - 1)):     # 7x7 -> 14x14 -> 28x28
        count, repeats = levels[level]
        x = layers.Conv2DTranspose(count, 2, strides=2, name=f"double_{level}")(x)
        if skips:
            x = layers.Add(name=f"join_{level}")([x, carried[level]])
        for k in range(repeats):
            x = layers.Conv2D(count, 3, name=f"decode_{level}_{k}", **options)(x)
    small = keras.initializers.RandomNormal(stddev=0.01)
    restored = layers.Conv2D(
        image_shape[-1], 3, padding="same", kernel_initializer=small, name="correction"
    )(x)
    if skips:
        restored = layers.Add(name="restored")([images, restored])
    return keras.Model(images, restored, name="unet")
