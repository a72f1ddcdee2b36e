"""pillow: every format that can be written and read back, drawing, filters, sequences, palettes, metadata, features."""

import io

from PIL import (
    ExifTags,
    Image,
    ImageChops,
    ImageColor,
    ImageDraw,
    ImageEnhance,
    ImageFilter,
    ImageFont,
    ImageMath,
    ImageOps,
    ImagePalette,
    ImageSequence,
    ImageStat,
    PngImagePlugin,
    TiffTags,
    UnidentifiedImageError,
    features,
)

image = Image.linear_gradient("L").resize((24, 16)).convert("RGB")
ImageDraw.Draw(image).text(
    (1, 1), "ab", fill=ImageColor.getrgb("hsl(0,100%,50%)"), font=ImageFont.load_default()
)
for name in (
    "PNG",
    "BMP",
    "GIF",
    "JPEG",
    "TIFF",
    "PPM",
    "ICO",
    "TGA",
    "PCX",
    "DDS",
    "WEBP",
    "SGI",
    "DIB",
    "MSP",
    "XBM",
    "PDF",
):
    buffer = io.BytesIO()
    try:
        image.convert("1" if name in ("MSP", "XBM") else "RGB").save(buffer, name)
        buffer.seek(0)
        print(name, len(buffer.getvalue()) > 0, Image.open(buffer).size if name != "PDF" else "")
    except (KeyError, OSError, UnidentifiedImageError) as fault:
        print(name, type(fault).__name__)
frames = [image.rotate(angle) for angle in (0, 90)]
buffer = io.BytesIO()
frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=10)
print([frame.info["duration"] for frame in ImageSequence.Iterator(Image.open(buffer))])
print(ImageStat.Stat(ImageOps.invert(ImageChops.multiply(image, image))).mean[0] > 0, image.getbbox())
print(image.quantize(4, method=Image.Quantize.MEDIANCUT).mode, Image.LANCZOS == Image.Resampling.LANCZOS)
print(ImageEnhance.Contrast(image).enhance(2).filter(ImageFilter.UnsharpMask()).getpixel((3, 3)))
print(ImageMath.lambda_eval(lambda x: x["a"] + 1, a=Image.new("L", (1, 1), 4)).getpixel((0, 0)))
text = PngImagePlugin.PngInfo()
text.add_text("k", "v")
buffer = io.BytesIO()
image.save(buffer, "PNG", pnginfo=text, exif={ExifTags.Base.Make: "me"} and image.getexif())
print(
    Image.open(buffer).text,
    TiffTags.lookup(256).name,
    len(ImagePalette.sepia().palette) > 0,
    features.check("zlib"),
)
print(Image.open(io.BytesIO(b"P3 1 1 255 1 2 3")).getpixel((0, 0)), sorted(Image.registered_extensions())[:3])
try:
    Image.open(io.BytesIO(b"no image"))
except UnidentifiedImageError as fault:
    print(str(fault)[:22])
