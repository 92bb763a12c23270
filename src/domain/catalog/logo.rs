//! A brand's logo: decoded, shrunk and encoded anew, so that no metadata of the original survives.

use std::io::Cursor;

use diesel::prelude::*;
use image::{ImageFormat, ImageReader, Limits};

use crate::db::DbConnection;
use crate::db::schema::logo;
use crate::error::{Error, Result};

/// The largest file that is looked at, in octets.
pub const UPLOAD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// No logo is kept wider or higher, in pixels.
pub const SIDE_MAX: u32 = 400;

/// Turns an uploaded PNG, JPEG, GIF or WebP into a PNG of at most [`SIDE_MAX`] pixels a side.
///
/// # Errors
/// [`Error::Invalid`] if it is too large or not one of these pictures.
pub fn normalise(upload: &[u8]) -> Result<Vec<u8>> {
    let refuse = |detail: &str| Error::invalid("logo", detail);
    if upload.len() > UPLOAD_BYTES_MAX {
        return Err(refuse("The picture is larger than 2 MB; choose a smaller one"));
    }
    let mut reader = ImageReader::new(Cursor::new(upload))
        .with_guessed_format()
        .map_err(|_| refuse("The picture could not be read"))?;
    // A few octets can claim a picture of many gigabytes.
    let mut limits = Limits::default();
    limits.max_image_width = Some(8_000);
    limits.max_image_height = Some(8_000);
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader
        .decode()
        .map_err(|_| refuse("Use a PNG, JPEG, GIF or WebP picture of at most 8000 by 8000 pixels"))?;
    let picture = if picture.width() > SIDE_MAX || picture.height() > SIDE_MAX {
        picture.resize(SIDE_MAX, SIDE_MAX, image::imageops::FilterType::Lanczos3)
    } else {
        picture
    };
    let mut png = Cursor::new(Vec::new());
    picture.to_rgba8().write_to(&mut png, ImageFormat::Png).map_err(|error| Error::Internal(error.into()))?;
    Ok(png.into_inner())
}

/// Keeps a normalised logo in place of the one before.
///
/// # Errors
/// Of the database.
pub fn store(conn: &mut DbConnection, brand: i64, png: &[u8]) -> Result<()> {
    diesel::delete(logo::table.find(brand)).execute(conn)?;
    diesel::insert_into(logo::table).values((logo::brand_id.eq(brand), logo::png.eq(png))).execute(conn)?;
    Ok(())
}

/// The logo as a PNG.
///
/// # Errors
/// [`Error::NotFound`] if the brand has none.
pub fn load(conn: &mut DbConnection, brand: i64) -> Result<Vec<u8>> {
    logo::table.find(brand).select(logo::png).first(conn).optional()?.ok_or(Error::NotFound("logo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_large_picture_is_shrunk_and_keeps_its_proportions() {
        let png = normalise(&picture(1600, 800, ImageFormat::Jpeg)).unwrap();
        let logo = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
        assert_eq!((logo.width(), logo.height()), (400, 200));
    }

    /// CRC-32 as PNG wants it (RFC 2083, section 3.4), so that the decoder takes the chunk for good.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8)
                .fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
        })
    }

    #[test]
    fn metadata_of_the_original_does_not_survive() {
        let mut upload = picture(10, 10, ImageFormat::Png);
        let chunk = b"tEXtAuthor\0canary";
        let length = (chunk.len() - 4) as u32;
        let whole = [&length.to_be_bytes(), chunk.as_slice(), &crc(chunk).to_be_bytes()].concat();
        // Right behind the header chunk, and once more behind the end of the picture.
        upload.splice(33..33, whole.clone());
        upload.extend(whole);
        let holds_canary = |bytes: &[u8]| bytes.windows(6).any(|window| window == b"canary");
        assert!(holds_canary(&upload));
        assert!(!holds_canary(&normalise(&upload).unwrap()));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for upload in [
            b"".as_slice(),
            b"<svg onload=alert(1)>",
            &picture(10, 10, ImageFormat::Png)[..40],
            &vec![0; UPLOAD_BYTES_MAX + 1],
        ] {
            assert!(matches!(normalise(upload), Err(Error::Invalid(_))));
        }
    }
}
