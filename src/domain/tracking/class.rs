//! What a hit was, as far as can be told: its class, and the reason for it (O-01).
//!
//! A request for a picture is not a reading, and a followed link is not always a person. Each hit has one class and one
//! reason, and a report shows the classes apart.

word_enum! {
    /// What made a request.
    #[schema(as = HitClass)]
    pub enum Class {
        /// Nothing speaks against a person.
        Human = "human",
        /// A mail provider fetched it in a person's place when the letter was opened (O-03, O-04).
        Proxy = "proxy",
        /// A program fetched it ahead, whether anybody reads the letter or not (O-02).
        Prefetch = "prefetch",
        /// A program that checks mail for its recipients (O-05).
        Scanner = "scanner",
        /// The same once more within seconds.
        Duplicate = "duplicate",
        /// One of our own pages showed the letter.
        Preview = "preview",
        /// Nothing is known that would tell.
        Unknown = "unknown",
    }
}

word_enum! {
    /// Why a hit is of its class.
    #[schema(as = HitReason)]
    pub enum Reason {
        /// Nothing speaks against a person.
        Plausible = "plausible",
        /// The user agent of a provider that fetches pictures when a letter is opened.
        ImageProxy = "image_proxy",
        /// The request itself says that it runs ahead (`Sec-Purpose`, `Purpose`, `X-Moz`).
        Announced = "announced_prefetch",
        /// The user agent of a program that fetches ahead.
        PrefetchAgent = "prefetch_agent",
        /// The network of a program that fetches ahead.
        PrefetchNetwork = "prefetch_network",
        /// The user agent of a program.
        ScannerAgent = "scanner_agent",
        /// The network of a mail scanner.
        ScannerNetwork = "scanner_network",
        /// The link was followed from a page of a mail scanner.
        RewrittenLink = "rewritten_link",
        /// A link was followed without a user agent.
        NoAgent = "no_user_agent",
        /// A link was followed without a language, which every browser sends.
        NoLanguage = "no_accept_language",
        /// Within seconds after the letter was handed over.
        AtOnce = "at_once",
        /// Several links, or the pixel beside them, within seconds.
        Burst = "burst",
        /// Every link of the letter within a minute.
        EveryLink = "every_link",
        /// The letters of many people from one network within seconds.
        Crowd = "crowd",
        /// The same once more within seconds.
        Repeated = "repeated",
        /// The request says that a page of this server made it.
        OwnPage = "own_page",
        /// A picture was fetched without a user agent.
        NothingKnown = "nothing_known",
    }
}

impl Reason {
    /// The class that it stands for.
    pub const fn class(self) -> Class {
        match self {
            Self::Plausible => Class::Human,
            Self::ImageProxy => Class::Proxy,
            Self::Announced | Self::PrefetchAgent | Self::PrefetchNetwork => Class::Prefetch,
            Self::ScannerAgent
            | Self::ScannerNetwork
            | Self::RewrittenLink
            | Self::NoAgent
            | Self::NoLanguage
            | Self::AtOnce
            | Self::Burst
            | Self::EveryLink
            | Self::Crowd => Class::Scanner,
            Self::Repeated => Class::Duplicate,
            Self::OwnPage => Class::Preview,
            Self::NothingKnown => Class::Unknown,
        }
    }
}
