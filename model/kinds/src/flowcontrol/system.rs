//! The schemas and levels that every server has: those that must exist, which are made again when
//! somebody deletes them, and those that are merely a good beginning.

use std::collections::BTreeMap;

use k8s_openapi::api::flowcontrol::v1::{
    ExemptPriorityLevelConfiguration, FlowDistinguisherMethod, FlowSchema, FlowSchemaSpec,
    GroupSubject, LimitResponse, LimitedPriorityLevelConfiguration, NonResourcePolicyRule,
    PolicyRulesWithSubjects, PriorityLevelConfiguration, PriorityLevelConfigurationReference,
    PriorityLevelConfigurationSpec, QueuingConfiguration, ResourcePolicyRule,
    ServiceAccountSubject, Subject, UserSubject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// What is never made to wait.
pub const EXEMPT: &str = "exempt";
const CATCH_ALL: &str = "catch-all";
/// The names under which there must be an object of either kind.
pub const MANDATORY: [&str; 2] = [EXEMPT, CATCH_ALL];
/// The annotation that says whether an object is put back when the server starts.
pub const AUTOUPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

/// Name, shares, how much of them others may use, and queues, hand and length of a queue.
type Level = (&'static str, i32, i32, Option<(i32, i32, i32)>);

const LEVELS: [Level; 7] = [
    (CATCH_ALL, 5, 0, None),
    ("global-default", 20, 50, Some((128, 6, 50))),
    ("leader-election", 10, 0, Some((16, 4, 50))),
    ("node-high", 40, 25, Some((64, 6, 50))),
    ("system", 30, 33, Some((64, 6, 50))),
    ("workload-high", 40, 50, Some((128, 6, 50))),
    ("workload-low", 100, 90, Some((128, 6, 50))),
];

/// Somebody whose requests a schema is about.
#[derive(Clone, Copy)]
enum Who {
    Group(&'static str),
    User(&'static str),
    /// An account of the system's namespace.
    Account(&'static str),
}

use Who::{Account, Group, User};

/// What they ask for; lists are written with commas.
#[derive(Clone, Copy)]
enum What {
    /// Whatever it is.
    Everything,
    /// Verbs, groups, resources, and whether objects outside of namespaces are meant too.
    Resources(&'static [(&'static str, &'static str, &'static str, bool)]),
    /// Verbs and paths.
    Paths(&'static str, &'static str),
}

struct Schema {
    name: &'static str,
    level: &'static str,
    precedence: i32,
    by: Option<&'static str>,
    who: &'static [Who],
    what: What,
}

const BY_USER: Option<&str> = Some("ByUser");
const BY_NAMESPACE: Option<&str> = Some("ByNamespace");
const EVERYBODY: &[Who] = &[
    Group("system:unauthenticated"),
    Group("system:authenticated"),
];
const MANAGER: Who = User("system:kube-controller-manager");
const SCHEDULER: Who = User("system:kube-scheduler");
const NODES: Who = Group("system:nodes");
const LEAD: &str = "get,create,update";
const LEASES: (&str, &str, &str, bool) = (LEAD, "coordination.k8s.io", "leases", false);

const SCHEMAS: [Schema; 13] = [
    schema(EXEMPT, EXEMPT, 1, None, &[Group("system:masters")]),
    schema(CATCH_ALL, CATCH_ALL, 10_000, BY_USER, EVERYBODY),
    Schema {
        what: What::Resources(&[(LEAD, "", "endpoints", false)]),
        ..schema(
            "endpoint-controller",
            "workload-high",
            150,
            BY_USER,
            &[
                MANAGER,
                Account("endpoint-controller"),
                Account("endpointslicemirroring-controller"),
            ],
        )
    },
    schema("global-default", "global-default", 9900, BY_USER, EVERYBODY),
    schema(
        "kube-controller-manager",
        "workload-high",
        800,
        BY_NAMESPACE,
        &[MANAGER],
    ),
    schema(
        "kube-scheduler",
        "workload-high",
        800,
        BY_NAMESPACE,
        &[SCHEDULER],
    ),
    schema(
        "kube-system-service-accounts",
        "workload-high",
        900,
        BY_NAMESPACE,
        &[Account("*")],
    ),
    Schema {
        what: What::Paths("get", "/healthz,/readyz,/livez"),
        ..schema("probes", EXEMPT, 2, None, EVERYBODY)
    },
    schema(
        "service-accounts",
        "workload-low",
        9000,
        BY_USER,
        &[Group("system:serviceaccounts")],
    ),
    Schema {
        what: What::Resources(&[LEASES]),
        ..schema(
            "system-leader-election",
            "leader-election",
            100,
            BY_USER,
            &[MANAGER, SCHEDULER, Account("*")],
        )
    },
    Schema {
        what: What::Resources(&[
            ("*", "", "nodes,nodes/status", true),
            ("*", "coordination.k8s.io", "leases", false),
        ]),
        ..schema("system-node-high", "node-high", 400, BY_USER, &[NODES])
    },
    schema("system-nodes", "system", 500, BY_USER, &[NODES]),
    Schema {
        what: What::Resources(&[(LEAD, "", "endpoints,configmaps", false), LEASES]),
        ..schema(
            "workload-leader-election",
            "leader-election",
            200,
            BY_USER,
            &[Account("*")],
        )
    },
];

/// A schema about everything.
const fn schema(
    name: &'static str,
    level: &'static str,
    precedence: i32,
    by: Option<&'static str>,
    who: &'static [Who],
) -> Schema {
    Schema {
        name,
        level,
        precedence,
        by,
        who,
        what: What::Everything,
    }
}

/// Whether an object of either kind must exist.
#[must_use]
pub fn is_mandatory(name: &str) -> bool {
    MANDATORY.contains(&name)
}

/// All levels.
pub fn levels() -> impl Iterator<Item = PriorityLevelConfiguration> {
    std::iter::once(exempt()).chain(LEVELS.iter().map(limited))
}

/// All schemas.
pub fn schemas() -> impl Iterator<Item = FlowSchema> {
    SCHEMAS.iter().map(Schema::object)
}

/// The level of this name, if it must exist.
#[must_use]
pub fn mandatory_level(name: &str) -> Option<PriorityLevelConfiguration> {
    levels().find(|level| is_mandatory(name) && level.metadata.name.as_deref() == Some(name))
}

/// The schema of this name, if it must exist.
#[must_use]
pub fn mandatory_schema(name: &str) -> Option<FlowSchema> {
    schemas().find(|schema| is_mandatory(name) && schema.metadata.name.as_deref() == Some(name))
}

fn exempt() -> PriorityLevelConfiguration {
    level(
        EXEMPT,
        PriorityLevelConfigurationSpec {
            type_: "Exempt".to_owned(),
            exempt: Some(ExemptPriorityLevelConfiguration {
                lendable_percent: Some(0),
                nominal_concurrency_shares: Some(0),
            }),
            limited: None,
        },
    )
}

fn limited((name, shares, lendable, queuing): &Level) -> PriorityLevelConfiguration {
    let queuing = queuing.map(|(queues, hand, length)| QueuingConfiguration {
        queues: Some(queues),
        hand_size: Some(hand),
        queue_length_limit: Some(length),
    });
    let answer = if queuing.is_some() { "Queue" } else { "Reject" };
    let limited = LimitedPriorityLevelConfiguration {
        nominal_concurrency_shares: Some(*shares),
        lendable_percent: Some(*lendable),
        borrowing_limit_percent: None,
        limit_response: Some(LimitResponse {
            type_: answer.to_owned(),
            queuing,
        }),
    };
    level(
        name,
        PriorityLevelConfigurationSpec {
            type_: "Limited".to_owned(),
            exempt: None,
            limited: Some(limited),
        },
    )
}

fn level(name: &str, spec: PriorityLevelConfigurationSpec) -> PriorityLevelConfiguration {
    PriorityLevelConfiguration {
        metadata: metadata(name),
        spec: Some(spec),
        status: None,
    }
}

fn metadata(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        annotations: Some(BTreeMap::from([(AUTOUPDATE.to_owned(), "true".to_owned())])),
        ..ObjectMeta::default()
    }
}

impl Schema {
    fn object(&self) -> FlowSchema {
        let method = |by: &str| FlowDistinguisherMethod {
            type_: by.to_owned(),
        };
        let (resources, paths) = self.what.rules();
        FlowSchema {
            metadata: metadata(self.name),
            spec: Some(FlowSchemaSpec {
                distinguisher_method: self.by.map(method),
                matching_precedence: Some(self.precedence),
                priority_level_configuration: PriorityLevelConfigurationReference {
                    name: self.level.to_owned(),
                },
                rules: Some(vec![PolicyRulesWithSubjects {
                    subjects: self.who.iter().map(|who| who.subject()).collect(),
                    resource_rules: resources,
                    non_resource_rules: paths,
                }]),
            }),
            status: None,
        }
    }
}

impl Who {
    fn subject(self) -> Subject {
        let mut subject = Subject::default();
        match self {
            Group(name) => {
                subject.kind = "Group".to_owned();
                subject.group = Some(GroupSubject {
                    name: name.to_owned(),
                });
            }
            User(name) => {
                subject.kind = "User".to_owned();
                subject.user = Some(UserSubject {
                    name: name.to_owned(),
                });
            }
            Account(name) => {
                subject.kind = "ServiceAccount".to_owned();
                subject.service_account = Some(ServiceAccountSubject {
                    name: name.to_owned(),
                    namespace: "kube-system".to_owned(),
                });
            }
        }
        subject
    }
}

type Rules = (
    Option<Vec<ResourcePolicyRule>>,
    Option<Vec<NonResourcePolicyRule>>,
);

impl What {
    fn rules(self) -> Rules {
        match self {
            Self::Everything => (
                Some(vec![of_resources(&("*", "*", "*", true))]),
                Some(vec![of_paths("*", "*")]),
            ),
            Self::Resources(rules) => (Some(rules.iter().map(of_resources).collect()), None),
            Self::Paths(verbs, paths) => (None, Some(vec![of_paths(verbs, paths)])),
        }
    }
}

fn of_resources(
    (verbs, groups, resources, is_everywhere): &(&str, &str, &str, bool),
) -> ResourcePolicyRule {
    ResourcePolicyRule {
        verbs: words(verbs),
        api_groups: words(groups),
        resources: words(resources),
        namespaces: Some(words("*")),
        cluster_scope: is_everywhere.then_some(true),
    }
}

fn of_paths(verbs: &str, paths: &str) -> NonResourcePolicyRule {
    NonResourcePolicyRule {
        verbs: words(verbs),
        non_resource_urls: words(paths),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}
