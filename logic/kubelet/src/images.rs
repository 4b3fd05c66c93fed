//! How a container gets its image.

use k8s_openapi::api::core::v1::Container;

/// How a container gets its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The node has it, and that is good enough.
    Use,
    /// It is to be pulled.
    Pull,
    /// The node does not have it, and may not pull it.
    Refuse,
}

/// The way that the container's policy asks for, when the image is there or is not.
#[must_use]
pub fn way(spec: &Container, is_present: bool) -> Way {
    match (spec.image_pull_policy.as_deref(), is_present) {
        (Some("IfNotPresent" | "Never"), true) => Way::Use,
        (Some("Never"), false) => Way::Refuse,
        (_, _) => Way::Pull,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_whether_what_is_there_will_do() {
        let way = |policy: &str, is_present| {
            let spec = Container {
                image_pull_policy: Some(policy.to_owned()),
                ..Container::default()
            };
            way(&spec, is_present)
        };
        assert_eq!(way("Always", true), Way::Pull);
        assert_eq!(way("IfNotPresent", true), Way::Use);
        assert_eq!(way("IfNotPresent", false), Way::Pull);
        assert_eq!(way("Never", true), Way::Use);
        assert_eq!(way("Never", false), Way::Refuse);
    }
}
