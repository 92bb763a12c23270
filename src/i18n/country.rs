//! Countries: the two letters of ISO 3166-1 that are stored, and what they are called in each language.
//!
//! The names are those of the Unicode CLDR, version 48, long ones but for the two where only the short one is in use;
//! after them each row has what else people write. `static/i18n/LICENSE-unicode` is their licence.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Lang;

const ROWS: &str = include_str!("../../static/i18n/countries.tsv");

struct Country {
    code: &'static str,
    /// In the order of [`Lang::ALL`].
    names: [&'static str; 4],
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let country = |row: &'static str| {
        let mut cells = row.split('\t');
        let mut next = || cells.next().unwrap_or_default();
        Country { code: next(), names: [next(), next(), next(), next()] }
    };
    ROWS.lines().map(country).collect()
});

/// The code of everything that a country is called.
static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for row in ROWS.lines() {
        let code = row.get(..2).unwrap_or_default();
        for called in row.split(['\t', ';']).filter(|called| !called.is_empty()) {
            codes.insert(plain(called), code);
        }
    }
    codes
});

/// The code of a country that is written as its code or its name, in any of our languages, in any case, with or without
/// marks on the letters. England, Scotland, Wales and Northern Ireland are GB.
pub fn code(text: &str) -> Option<&'static str> {
    CODES.get(&plain(text)).copied()
}

/// What a country is called; none for letters that stand for none.
pub fn name(lang: Lang, code: &str) -> Option<&'static str> {
    let found = COUNTRIES.iter().find(|country| country.code == code)?;
    Some(found.names[lang as usize])
}

/// Only its letters, small and without marks: what is left of "Côte d’Ivoire" is "cotedivoire".
fn plain(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
    letters
        .map(|letter| match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'ç' => 'c',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ŵ' => 'w',
            'ý' | 'ŷ' | 'ÿ' => 'y',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_two_letters_and_a_name_of_its_own_in_each_language() {
        assert_eq!(COUNTRIES.len(), 250, "249 of ISO 3166-1, and Kosovo");
        for country in COUNTRIES.iter() {
            assert!(country.code.len() == 2 && country.code.bytes().all(|b| b.is_ascii_uppercase()));
            assert_eq!(code(&country.code.to_lowercase()), Some(country.code));
            for lang in Lang::ALL {
                let own = name(lang, country.code).unwrap();
                assert!(!own.is_empty());
                assert_eq!(code(own), Some(country.code), "{own}");
            }
        }
    }

    #[test]
    fn people_may_write_it_as_they_do() {
        for (text, wanted) in [
            ("GB", Some("GB")),
            (" uk ", Some("GB")),
            ("U.K.", Some("GB")),
            ("England", Some("GB")),
            ("the Netherlands", Some("NL")),
            ("CYMRU", Some("GB")),
            ("Osterreich", Some("AT")),
            ("cote d'ivoire", Some("CI")),
            ("U.S.A.", Some("US")),
            ("Royaume Uni", Some("GB")),
            ("Atlantis", None),
            ("", None),
            ("ZZ", None),
        ] {
            assert_eq!(code(text), wanted, "{text}");
        }
        assert_eq!(name(Lang::Welsh, "GB"), Some("Y Deyrnas Unedig"));
        assert_eq!(name(Lang::English, "ZZ"), None);
    }
}
