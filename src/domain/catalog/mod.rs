//! Catalog: the brands of the organisation, the channels, the topics one can opt in to, and the keys that sign.

pub mod brand;
pub mod channel;
pub mod dkim_key;
pub mod host;
pub mod logo;
pub mod look;
pub mod notice;
pub mod topic;

pub use brand::Brand;
pub use channel::Channel;
pub use topic::Topic;
