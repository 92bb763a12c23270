//! The links: what a token is good for, and what each kind of it carries.

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The pixel of one letter.
    Open,
    /// A link of one letter.
    Click,
    /// Ending marketing mail.
    Unsubscribe,
    /// Seeing and changing choices.
    Preferences,
    /// Confirming an opt-in.
    Confirm,
    /// Seeing, copying and erasing personal data.
    DataRequest,
    /// Knowing a letter that comes back by mail, from its envelope.
    Letter,
    /// Knowing a letter that somebody complains about, from what all its readers see.
    Message,
    /// Seeing what one did on a page, its receipt, and undoing it.
    Receipt,
    /// Beginning to use another address.
    AddressChange,
    /// Seeing a letter in the browser.
    View,
    /// A challenge of a sign-up form, which no route opens.
    Challenge,
    /// Reading a campaign's report.
    Report,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Open,
        Self::Click,
        Self::Unsubscribe,
        Self::Preferences,
        Self::Confirm,
        Self::DataRequest,
        Self::Letter,
        Self::Message,
        Self::Receipt,
        Self::AddressChange,
        Self::View,
        Self::Challenge,
        Self::Report,
    ];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Click => "click",
            Self::Unsubscribe => "unsubscribe",
            Self::Preferences => "preferences",
            Self::Confirm => "confirm",
            Self::DataRequest => "data-request",
            Self::Letter => "letter",
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::AddressChange => "address-change",
            Self::View => "view",
            Self::Challenge => "challenge",
            Self::Report => "report",
        }
    }
}

/// What a link stands for. Row numbers of the database; a zero stands for "nobody" or "none".
pub trait Link: Sized {
    /// The purpose whose key seals it.
    const PURPOSE: Purpose;
    /// Its numbers in order.
    fn numbers(&self) -> Vec<i64>;
    /// The link of these numbers, if there are as many as it has.
    fn from_numbers(numbers: &[i64]) -> Option<Self>;
}

macro_rules! link {
    ($(#[$doc:meta])* $name:ident for $purpose:ident { $($(#[$field_doc:meta])* $field:ident),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name { $($(#[$field_doc])* pub $field: i64),+ }

        impl Link for $name {
            const PURPOSE: Purpose = Purpose::$purpose;
            fn numbers(&self) -> Vec<i64> { vec![$(self.$field),+] }
            fn from_numbers(numbers: &[i64]) -> Option<Self> {
                let [$($field),+] = numbers else { return None };
                Some(Self { $($field: *$field),+ })
            }
        }
    };
}

link! {
    /// The pixel of one letter.
    OpenLink for Open {
        /// The campaign.
        campaign,
        /// The person, or 0 for the shared pixel of a brand's anonymous mode.
        subscriber
    }
}
link! {
    /// A tracked link of one letter.
    ClickLink for Click {
        /// The stored link, which knows its destination and its campaign.
        link,
        /// The person, or 0 for the shared link of a brand's anonymous mode.
        subscriber
    }
}
link! {
    /// "Stop all marketing email of this brand."
    UnsubscribeLink for Unsubscribe {
        /// The brand.
        brand,
        /// The person.
        subscriber,
        /// The campaign whose letter carried it.
        campaign
    }
}
impl UnsubscribeLink {
    /// The link to the choices beside it.
    pub fn preferences(&self) -> PreferencesLink {
        PreferencesLink { brand: self.brand, subscriber: self.subscriber, campaign: self.campaign }
    }
}

link! {
    /// "Show and change my choices."
    PreferencesLink for Preferences {
        /// The brand.
        brand,
        /// The person.
        subscriber,
        /// The campaign whose letter carried it, or 0 where a service mail did.
        campaign
    }
}
link! {
    /// "Yes, that was me."
    ConfirmLink for Confirm {
        /// The confirmation, which knows what is confirmed and until when.
        confirmation
    }
}
link! {
    /// "Show me my data", mailed to the address on request and good for a short time.
    DataRequestLink for DataRequest {
        /// The brand.
        brand,
        /// The person.
        subscriber,
        /// When it ends, in microseconds since 1970.
        expires_at
    }
}
link! {
    /// One person's letter of one campaign, in its envelope sender: only the mail systems on its way have it, so a
    /// bounce that comes back to it is theirs (B-01).
    LetterLink for Letter {
        /// The campaign.
        campaign,
        /// The person.
        subscriber
    }
}
link! {
    /// The same letter in its Message-ID, which everybody sees who has it or was sent it on: good for a complaint and
    /// nothing else (B-05).
    MessageLink for Message {
        /// The campaign.
        campaign,
        /// The person.
        subscriber
    }
}
link! {
    /// "What I did", with its receipt and the button that undoes it.
    ReceiptLink for Receipt {
        /// The act.
        act
    }
}
link! {
    /// "View in browser": the letter of a campaign, with the links of the person who got it and nothing else about
    /// them.
    ViewLink for View {
        /// The campaign.
        campaign,
        /// The person.
        subscriber
    }
}
link! {
    /// "Yes, use this address from now on", mailed to the new address and good for a short time.
    AddressChangeLink for AddressChange {
        /// The change, which knows the address and until when the link works.
        change
    }
}
link! {
    /// What a browser with scripts solves before it posts a sign-up form.
    ChallengeLink for Challenge {
        /// The brand whose form it is.
        brand,
        /// When it was made, in microseconds since 1970.
        made_at,
        /// Tells it from all others.
        number
    }
}
link! {
    /// "Look at this campaign's report", good for some weeks.
    ReportLink for Report {
        /// The campaign.
        campaign,
        /// When it ends, in microseconds since 1970.
        expires_at
    }
}
