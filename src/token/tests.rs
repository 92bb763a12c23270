//! Tests of the tokens: what opens, for which purpose, and what never does.

use proptest::prelude::*;

use super::*;

const OLD: &str = "an old secret of more than 32 characters";
const NEW: &str = "a newer secret of more than 32 characters";

fn keys(secrets: &str) -> Keys {
    Keys::from_secrets(secrets).unwrap()
}

fn every_token(keys: &Keys) -> [(Purpose, String); 13] {
    [
        (Purpose::Open, keys.seal(&OpenLink { campaign: 1, subscriber: 2 })),
        (Purpose::Click, keys.seal(&ClickLink { link: 1, subscriber: 2 })),
        (Purpose::Unsubscribe, keys.seal(&UnsubscribeLink { brand: 1, subscriber: 2, campaign: 3 })),
        (Purpose::Preferences, keys.seal(&PreferencesLink { brand: 1, subscriber: 2, campaign: 3 })),
        (Purpose::Confirm, keys.seal(&ConfirmLink { confirmation: 1 })),
        (Purpose::DataRequest, keys.seal(&DataRequestLink { brand: 1, subscriber: 2, expires_at: 3 })),
        (Purpose::Letter, keys.seal(&LetterLink { campaign: 1, subscriber: 2 })),
        (Purpose::Message, keys.seal(&MessageLink { campaign: 1, subscriber: 2 })),
        (Purpose::Receipt, keys.seal(&ReceiptLink { act: 1 })),
        (Purpose::AddressChange, keys.seal(&AddressChangeLink { change: 1 })),
        (Purpose::View, keys.seal(&ViewLink { campaign: 1, subscriber: 2 })),
        (Purpose::Challenge, keys.seal(&ChallengeLink { brand: 1, made_at: 2, number: 3 })),
        (Purpose::Report, keys.seal(&ReportLink { campaign: 1, expires_at: 2 })),
    ]
}

fn opens(keys: &Keys, purpose: Purpose, token: &str) -> bool {
    match purpose {
        Purpose::Open => keys.open::<OpenLink>(token).is_some(),
        Purpose::Click => keys.open::<ClickLink>(token).is_some(),
        Purpose::Unsubscribe => keys.open::<UnsubscribeLink>(token).is_some(),
        Purpose::Preferences => keys.open::<PreferencesLink>(token).is_some(),
        Purpose::Confirm => keys.open::<ConfirmLink>(token).is_some(),
        Purpose::DataRequest => keys.open::<DataRequestLink>(token).is_some(),
        Purpose::Letter => keys.open::<LetterLink>(token).is_some(),
        Purpose::Message => keys.open::<MessageLink>(token).is_some(),
        Purpose::Receipt => keys.open::<ReceiptLink>(token).is_some(),
        Purpose::AddressChange => keys.open::<AddressChangeLink>(token).is_some(),
        Purpose::View => keys.open::<ViewLink>(token).is_some(),
        Purpose::Challenge => keys.open::<ChallengeLink>(token).is_some(),
        Purpose::Report => keys.open::<ReportLink>(token).is_some(),
    }
}

#[test]
fn a_token_opens_for_its_own_purpose_and_no_other() {
    let keys = keys(OLD);
    for (made_for, token) in every_token(&keys) {
        for purpose in Purpose::ALL {
            assert_eq!(opens(&keys, purpose, &token), purpose == made_for, "{made_for:?} as {purpose:?}");
        }
    }
}

#[test]
fn a_token_of_a_retired_key_still_opens_and_a_foreign_one_never() {
    let link = UnsubscribeLink { brand: 1, subscriber: 2, campaign: 3 };
    let old = keys(OLD).seal(&link);
    let rotated = keys(&format!("{NEW},{OLD}"));
    assert_eq!(rotated.open(&old), Some(link));
    assert_ne!(rotated.seal(&link), old);
    assert_eq!(keys(NEW).open::<UnsubscribeLink>(&old), None);
}

#[test]
fn hashes_of_addresses_survive_a_rotation() {
    let rotated = keys(&format!("{NEW},{OLD}"));
    assert_eq!(rotated.address_hash("email", "a@b.test"), keys(OLD).address_hash("email", "a@b.test"));
    assert_eq!(rotated.fingerprint(), keys(OLD).fingerprint());
    assert_ne!(rotated.fingerprint(), keys(NEW).fingerprint());
}

#[test]
fn a_short_or_missing_secret_is_refused() {
    assert!(Keys::from_secrets("").is_err());
    assert!(Keys::from_secrets("short").is_err());
    assert!(Keys::from_secrets(&format!("{NEW},")).is_err());
    assert!(Keys::from_secrets(&format!("{NEW},{NEW}")).is_err());
}

/// How many tokens are made up for each of the rules below.
const CASES: u32 = 5_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn what_was_sealed_is_what_opens(campaign in any::<i64>(), subscriber in any::<i64>()) {
        let keys = keys(OLD);
        let link = OpenLink { campaign, subscriber };
        prop_assert_eq!(keys.open(&keys.seal(&link)), Some(link));
    }

    #[test]
    fn a_token_for_mail_fits_a_local_part_and_survives_a_change_of_case(
        brand in 0i64..1 << 48, campaign in 0i64..1 << 48, subscriber in 0i64..1 << 48
    ) {
        let keys = keys(OLD);
        let link = UnsubscribeLink { brand, subscriber, campaign };
        let token = keys.seal_for_mail(&link);
        prop_assert!(token.len() <= 61 && token.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        prop_assert_eq!(keys.open_from_mail(&token.to_uppercase()), Some(link));
        prop_assert_eq!(keys.open_from_mail::<OpenLink>(&token), None);
    }

    #[test]
    fn one_flipped_bit_makes_a_token_foreign(bit in 0usize..200, campaign in any::<i64>()) {
        let keys = keys(OLD);
        let token = keys.seal(&OpenLink { campaign, subscriber: 1 });
        let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(keys.open::<OpenLink>(&BASE64URL_NOPAD.encode(&bytes)), None);
    }

    #[test]
    fn any_octets_at_all_are_unpacked_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        // What comes out of the seal is ours; even so nothing in it is believed.
        if let Some(numbers) = unpack(&octets) {
            prop_assert!(numbers.len() <= octets.len());
        }
    }

    #[test]
    fn any_text_in_the_alphabet_of_tokens_is_read_without_harm(text in "[A-Za-z0-9_-]{0,160}") {
        prop_assert_eq!(keys(OLD).open::<ClickLink>(&text), None);
        prop_assert_eq!(keys(OLD).open_from_mail::<UnsubscribeLink>(&text), None);
    }

    #[test]
    fn any_text_at_all_is_read_without_harm(text in "\\PC{0,200}") {
        prop_assert_eq!(keys(OLD).open::<ClickLink>(&text), None);
    }
}
