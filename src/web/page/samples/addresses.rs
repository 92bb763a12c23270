//! The pages about another address, filled with made-up data.

use super::super::*;
use super::brand;

/// Each of them, by name, as it goes out.
pub(super) fn pages() -> [(&'static str, String); 5] {
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
    let link_url = "/b/civic-notes/link".to_owned();
    let gone = LinkGonePage { lang, brand: brand.clone(), why: Gone::Overtaken, link_url: link_url.clone() };
    let taken = AddressTakenPage { lang, brand, link_url };
    [
        ("address_sent", render(&sent).unwrap()),
        ("address_confirm", render(&confirm).unwrap()),
        ("address_changed", render(&changed).unwrap()),
        ("address_taken", render(&taken).unwrap()),
        ("link_gone", render(&gone).unwrap()),
    ]
}
