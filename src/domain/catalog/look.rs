//! A brand's look: one colour for light pages and one for dark ones, which have to be seen before they are taken
//! (WCAG 2.2, 1.4.3 and 1.4.11).

use crate::error::Problem;
use crate::secret::{hex, sha256};

/// What links and buttons have where a brand has no colour of its own: on light and on dark pages.
pub const ACCENTS: [&str; 2] = ["#0b5c5c", "#7fcfc4"];

/// What a brand's colour lies on, and which text lies on it: the style sheet's `--paper`, `--sheet`, `--tint` and
/// `--on-accent`, on light and on dark pages.
pub const GROUNDS: [[&str; 4]; 2] =
    [["#f7f6f2", "#ffffff", "#e7f0ee", "#ffffff"], ["#121718", "#1a2122", "#1d2f2f", "#0d1b1b"]];

/// The contrast that text needs (1.4.3). Boxes and the edges of buttons need 3:1 (1.4.11) and have the same colour.
const ENOUGH: f64 = 4.5;

/// How far the colour under the pointer is from the colour itself.
const DEEPER: f64 = 0.35;

/// Which pages a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// Red, green and blue, as in `#0b5c5c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2).
    fn against(self, other: Self) -> f64 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        if a > b { a / b } else { b / a }
    }

    /// That share of the way to black on light pages, to white on dark ones.
    fn stronger(self, scheme: Scheme, share: f64) -> Self {
        let end = if scheme == Scheme::Light { 0.0 } else { 255.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
        let part = |part: u8| (f64::from(part) + (end - f64::from(part)) * share).round() as u8;
        Self(self.0.map(part))
    }

    /// The least contrast with anything it meets on such pages.
    fn weakest(self, scheme: Scheme) -> f64 {
        let grounds = GROUNDS[scheme as usize].into_iter().filter_map(Self::parse);
        grounds.map(|ground| self.against(ground)).fold(21.0, f64::min)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0[0], self.0[1], self.0[2])
    }
}

/// Checks a colour and writes it as the style sheet does.
///
/// # Errors
/// What is wrong: not a colour, or too little contrast; then also the nearest colour of its kind that has enough.
pub fn check(field: &str, text: &str, scheme: Scheme) -> Result<String, Problem> {
    let Some(colour) = Colour::parse(text.trim()) else {
        return Err(Problem::new(field, "Enter a colour as # and six hexadecimal digits, such as #0b5c5c"));
    };
    let contrast = colour.weakest(scheme);
    if contrast >= ENOUGH {
        return Ok(colour.to_string());
    }
    let passes = (1..=100)
        .map(|percent| colour.stronger(scheme, f64::from(percent) / 100.0))
        .find(|stronger| stronger.weakest(scheme) >= ENOUGH);
    let pages = if scheme == Scheme::Light { "light" } else { "dark" };
    let advice = passes.map_or_else(String::new, |colour| format!("; {colour} would pass"));
    Err(Problem::new(
        field,
        // Rounded down, so that 4.49 is not called 4.5.
        format!(
            "{colour} has a contrast of {:.1}:1 on {pages} pages, where links and buttons need 4.5:1{advice}",
            (contrast * 10.0).floor() / 10.0
        ),
    ))
}

/// What a brand's colours change in the style sheet; empty where it has none.
pub fn style(accent: Option<&str>, accent_dark: Option<&str>) -> String {
    let rule = |text: Option<&str>, scheme| {
        let colour = text.and_then(Colour::parse)?;
        Some(format!(":root {{ --accent: {colour}; --accent-deep: {}; }}\n", colour.stronger(scheme, DEEPER)))
    };
    let dark = rule(accent_dark, Scheme::Dark)
        .map(|rule| format!("@media (prefers-color-scheme: dark) {{ {} }}\n", rule.trim_end()));
    // A colour for light pages must not show on dark ones.
    let light = rule(accent, Scheme::Light)
        .map(|rule| format!("@media not (prefers-color-scheme: dark) {{ {} }}\n", rule.trim_end()));
    [light, dark].into_iter().flatten().collect()
}

/// A word that changes with a style, for its address.
pub fn version(style: &str) -> String {
    hex(&sha256(style.as_bytes()))[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        let of = |a: &str, b: &str| Colour::parse(a).unwrap().against(Colour::parse(b).unwrap());
        assert!((of("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((of("#777777", "#ffffff") - 4.478).abs() < 0.001);
        assert!((of("#123456", "#123456") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_one_that_can() {
        for (text, scheme) in [
            ("#8fd3ff", Scheme::Light),
            ("#ffff00", Scheme::Light),
            ("#767676", Scheme::Light),
            ("#003366", Scheme::Dark),
            ("#000000", Scheme::Dark),
        ] {
            let problem = check("accent", text, scheme).unwrap_err();
            assert!(problem.detail.starts_with(text) && problem.detail.contains("need 4.5:1"), "{problem:?}");
            let advice = problem.detail.rsplit("; ").next().unwrap().strip_suffix(" would pass").unwrap();
            assert_eq!(check("accent", advice, scheme).unwrap(), advice);
        }
        for wrong in ["", "red", "#fff", "#gggggg", "#ééé", "0b5c5c", "#0b5c5c;}"] {
            assert!(check("accent", wrong, Scheme::Light).is_err(), "{wrong}");
        }
    }

    #[test]
    fn our_own_colours_pass() {
        assert_eq!(check("accent", ACCENTS[0], Scheme::Light).unwrap(), ACCENTS[0]);
        assert_eq!(check("accent_dark", " #7FCFC4 ", Scheme::Dark).unwrap(), ACCENTS[1]);
    }

    #[test]
    fn each_colour_is_only_for_its_pages() {
        let both = style(Some("#5b2a86"), Some("#d7b8f3"));
        assert_eq!(both.matches("--accent:").count(), 2);
        assert!(both.contains("@media not (prefers-color-scheme: dark) { :root { --accent: #5b2a86;"));
        assert!(both.contains("@media (prefers-color-scheme: dark) { :root { --accent: #d7b8f3;"));
        assert_eq!(style(None, None), "");
        assert_ne!(version(&both), version(""));
    }
}
