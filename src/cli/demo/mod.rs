//! The demo: the main job from beginning to end, without anything prepared.

pub mod catalogue;
