//! The pages about another address, filled with made-up data.

use super::super::*;
use super::brand;

/// Each of them, by name, as it goes out.
pub(super) fn pages() -> [(&'static str, String); 4] {
    let (lang, brand) = (Lang::English, brand());
    let sent = AddressSentPage {
        lang,
        brand: brand.clone(),
        address: "jo@elsewhere.example".into(),
        valid_hours: 24,
        data_url: "/d/token".into(),
    };
    let confirm = AddressConfirmPage {
        lang,
        brand: brand.clone(),
        action: "/a/token".into(),
        old: "j•••@example.com".into(),
        new: "j•••@e•••.example".into(),
        wording: "What I chose comes to this address.".into(),
    };
    let changed = AddressChangedPage {
        lang,
        brand: brand.clone(),
        address: "j•••@e•••.example".into(),
        refused: true,
        preferences_url: "/p/token".into(),
    };
    let taken = AddressTakenPage { lang, brand, link_url: "/b/civic-notes/link".into() };
    [
        ("address_sent", render(&sent).unwrap()),
        ("address_confirm", render(&confirm).unwrap()),
        ("address_changed", render(&changed).unwrap()),
        ("address_taken", render(&taken).unwrap()),
    ]
}
