//! The fixed lines at the end of each letter, in the language of the letter: why it came, how to stop and to change it,
//! where to see it in the browser, and who sends it (L-09).
//!
//! What comes of them is template source again: the places for the person's links and the brand's names stay open.

use askama::Template;

use crate::error::{Error, Result};
use crate::i18n::Lang;

macro_rules! footer {
    ($(#[$doc:meta])* $name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            lang: Lang,
        }

        impl $name {
            /// Where the brand's name comes.
            const BRAND: &'static str = "{{ brand.name }}";
        }
    };
}
footer!(Html, "mail/footer.html");
footer!(Text, "mail/footer.txt");
footer!(Published, "mail/footer_published.html");

impl Html {
    /// Where the supplier's name comes.
    const SOURCE: &'static str = "{{ source_name }}";
}

impl Text {
    /// Where the supplier's name comes.
    const SOURCE: &'static str = "{{ source_name }}";
}

/// The end of the HTML part.
///
/// # Errors
/// [`Error::Internal`] if the template fails, which no data of ours can cause.
pub fn html(lang: Lang) -> Result<String> {
    Html { lang }.render().map_err(Error::internal)
}

/// The end of the text part: the same words and links.
///
/// # Errors
/// As [`html`].
pub fn text(lang: Lang) -> Result<String> {
    Text { lang }.render().map_err(Error::internal)
}

/// The end of a letter in the public archive, which went to nobody.
///
/// # Errors
/// As [`html`].
pub fn published(lang: Lang) -> Result<String> {
    Published { lang }.render().map_err(Error::internal)
}
