//! The pixel: one transparent dot as a GIF, the same 42 octets for every request (O-11).

/// A GIF of 1 by 1 pixels whose only colour is transparent. Written out because no encoder makes it this small: it
/// leaves out the end code of the picture data, which decoders do not need for a single pixel.
pub const PIXEL: [u8; 42] = [
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff,
    0xff, 0xff, 0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x00, 0x02, 0x01, 0x44, 0x00, 0x3b,
];

#[cfg(test)]
mod tests {
    use image::{GenericImageView, ImageFormat};

    use super::*;

    #[test]
    fn the_pixel_is_one_transparent_dot() {
        let picture = image::load_from_memory_with_format(&PIXEL, ImageFormat::Gif).unwrap();
        assert_eq!(picture.dimensions(), (1, 1));
        assert_eq!(picture.get_pixel(0, 0).0[3], 0, "it is fully transparent");
    }
}
