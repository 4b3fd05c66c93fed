//! What somebody may want, and how they ask for it.

use gantry_registry::Request;

use super::manifests::{self, Place};
use super::{Human, Then};
use crate::chance::Dice;

/// A namespace that all people share.
const CROWD: &str = "crowd";
/// How many pods there may be in it.
const CROWD_MAX: u64 = 3;

/// Something that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Bring an application up, or change whatever came to mind about it.
    Deploy { application: usize },
    /// Have all of it that there may be.
    Fill { application: usize },
    /// Give it an address.
    Serve { application: usize },
    /// No longer give it an address.
    Unserve { application: usize },
    /// Have more or fewer of it.
    Scale { application: usize, replicas: u64 },
    /// Have a newer version of it.
    Roll { application: usize },
    /// Stop or go on with bringing the new version out.
    Pause { application: usize, is_paused: bool },
    /// No longer have it.
    Remove {
        application: usize,
        how: &'static str,
    },
    /// See whether it comes back.
    DeleteOnePod,
    /// Try something in a namespace of its own.
    Try,
    /// Throw the trial away.
    GiveUp,
    /// Run something once, without anybody who looks after it.
    RunOnce,
    /// Have many of something in a namespace that allows few.
    Crowd,
    /// Have fewer of it.
    LeaveCrowd,
    /// Run something in the old way.
    RunReplicated,
    /// Let nobody take more than one of its pods at a time.
    Protect { application: usize },
    /// Let them.
    Unprotect { application: usize },
    /// Empty a node for repairs.
    Drain { node: usize },
    /// Let it take pods again.
    Uncordon { node: usize },
    /// Look at everything.
    Look,
}

impl Wish {
    /// What comes to mind.
    pub(super) fn draw(dice: &mut Dice, human: &mut Human) -> Self {
        if let Some(node) = human.drained.take() {
            return Self::Uncordon { node };
        }
        let among = |dice: &mut Dice, count: usize| {
            let drawn = dice.below(u64::try_from(count).unwrap_or(1));
            usize::try_from(drawn).unwrap_or(0)
        };
        let application = among(dice, human.applications);
        match dice.below(100) {
            0..=12 => Self::Deploy { application },
            13..=15 => Self::Crowd,
            16..=17 => Self::LeaveCrowd,
            18..=33 => Self::Scale {
                application,
                replicas: dice.below(human.replicas + 1),
            },
            34..=49 => Self::Roll { application },
            50..=53 => Self::Pause {
                application,
                is_paused: true,
            },
            54..=58 => Self::Pause {
                application,
                is_paused: false,
            },
            59..=63 => Self::Remove {
                application,
                how: dice
                    .pick(&["Background", "Foreground", "Orphan"])
                    .copied()
                    .unwrap_or("Background"),
            },
            64..=71 => Self::DeleteOnePod,
            72..=75 => Self::Try,
            76..=79 => Self::GiveUp,
            80..=83 => Self::RunOnce,
            84..=86 => Self::RunReplicated,
            87..=89 => Self::Serve { application },
            90..=91 => Self::Unserve { application },
            92..=94 => {
                let node = among(dice, human.nodes);
                human.drained = Some(node);
                Self::Drain { node }
            }
            95 => Self::Protect { application },
            96 => Self::Unprotect { application },
            _ => Self::Look,
        }
    }

    /// How to ask for it, and what to do with the first answer.
    pub(super) fn requests(&self, human: &Human, dice: &mut Dice) -> (Vec<Request>, Then) {
        let at = |application: usize| Place {
            namespace: "default".to_owned(),
            name: format!("app-{}-{application}", human.number),
        };
        let trial = format!("trial-{}", human.number);
        let requests = match self {
            Self::Deploy { application } => {
                vec![manifests::apply_deployment(
                    &at(*application),
                    dice,
                    human.replicas,
                )]
            }
            Self::Fill { application } => vec![manifests::fill(&at(*application), human.replicas)],
            Self::Serve { application } => {
                vec![manifests::apply_service(&at(*application), dice)]
            }
            Self::Unserve { application } => vec![manifests::delete_service(&at(*application))],
            Self::Scale {
                application,
                replicas,
            } => vec![manifests::scale(&at(*application), *replicas)],
            Self::Roll { application } => vec![manifests::set_image(&at(*application), dice)],
            Self::Pause {
                application,
                is_paused,
            } => vec![manifests::pause(&at(*application), *is_paused)],
            Self::Remove { application, how } => {
                vec![manifests::delete_deployment(&at(*application), how)]
            }
            Self::DeleteOnePod => return (vec![manifests::list_pods("")], Then::DeleteOne),
            Self::Crowd => {
                let place = Place {
                    namespace: CROWD.to_owned(),
                    name: "crowd".to_owned(),
                };
                let mut requests = vec![
                    manifests::create_namespace(CROWD),
                    manifests::create_quota(&place, CROWD_MAX),
                ];
                // One more than the quota allows, even if nobody else comes.
                requests.extend((0..=CROWD_MAX).map(|_| manifests::create_pod(&place, dice)));
                requests
            }
            Self::LeaveCrowd => {
                let mut list = manifests::list_pods("");
                list.namespace = Some(CROWD.to_owned());
                return (vec![list], Then::DeleteOne);
            }
            Self::Try => {
                let place = Place {
                    namespace: trial.clone(),
                    name: "trial".to_owned(),
                };
                vec![
                    manifests::create_namespace(&trial),
                    manifests::apply_deployment(&place, dice, human.replicas),
                    manifests::apply_service(&place, dice),
                ]
            }
            Self::GiveUp => vec![manifests::delete_namespace(&trial)],
            Self::RunOnce => vec![manifests::create_pod(&at(90), dice)],
            Self::RunReplicated => vec![manifests::apply_replication_controller(&at(80), dice)],
            Self::Protect { application } => vec![manifests::apply_budget(&at(*application))],
            Self::Unprotect { application } => vec![manifests::delete_budget(&at(*application))],
            Self::Drain { node } => {
                let mut list = manifests::list_pods(&format!("spec.nodeName=node-{node}"));
                list.namespace = None;
                // The list comes first: its answer says whom to evict.
                return (vec![list, manifests::cordon(*node, true)], Then::EvictAll);
            }
            Self::Uncordon { node } => vec![manifests::cordon(*node, false)],
            Self::Look => manifests::look(&at(0)),
        };
        (requests, Then::Nothing)
    }
}
