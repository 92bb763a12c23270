//! Catalog: the brands of the organisation, the channels, and the topics one can opt in to.

pub mod brand;
pub mod channel;
pub mod logo;
pub mod topic;

pub use brand::Brand;
pub use channel::Channel;
pub use topic::Topic;
