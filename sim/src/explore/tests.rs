use super::*;

/// One short story for each controller; `gantry-sim` tells the others.
const SHORT: [&str; 20] = [
    "deployment-controller/removed in the background",
    "replicaset-controller/adopts and lets go",
    "replication-controller/scaled up",
    "endpointslice-controller/removed",
    "endpoint-controller/removed",
    "generic-garbage-collector/its owner was never there",
    "namespace-controller/held for a while",
    "event-expiry-controller/happens again",
    "root-ca-cert-publisher/mended",
    "service-account-controller/given again",
    "disruption-controller/counts who is healthy",
    "resourcequota-controller/counts what is left",
    "pvc-protection-controller/kept while it is used",
    "pv-protection-controller/kept while it is bound",
    "service-cidrs-controller/kept while it is needed",
    "clusterrole-aggregation-controller/gathers",
    "flow-schema-controller/made again",
    "node-controller/closed and opened",
    "pod-garbage-collector/its node vanishes",
    "default-scheduler/finds the open node",
];

fn name(world: &World) -> String {
    format!("{}/{}", world.controller, world.name)
}

#[test]
fn nothing_that_goes_wrong_once_leads_elsewhere() {
    let ground = settled_ground();
    let worlds = worlds::all();
    let short = worlds.iter();
    let short: Vec<&World> = short
        .filter(|world| SHORT.contains(&name(world).as_str()))
        .collect();
    assert_eq!(short.len(), SHORT.len(), "a story was renamed");
    for world in short {
        let explored = Search::new(world, &ground).run(1);
        println!("{explored}");
        let wrong: Vec<String> = explored.unsettled.iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{explored}\n{}", wrong.join("\n"));
    }
}

#[test]
fn every_controller_has_a_short_story() {
    for world in worlds::all() {
        let of = format!("{}/", world.controller);
        assert!(SHORT.iter().any(|short| short.starts_with(&of)), "{of}");
    }
}

#[test]
fn an_undisturbed_story_ends_as_people_wished() {
    let ground = settled_ground();
    let worlds = worlds::all();
    let mut worlds = worlds.iter();
    let rolled = worlds.find(|world| world.name == "rolled out and scaled");
    let calm = Search::new(rolled.unwrap(), &ground).tell(&[], false);
    assert_eq!(calm.restless, None);
    let seen = format!("{:?}", calm.picture).replace('\\', "");
    assert!(seen.contains(r#""availableReplicas":3"#), "{seen}");
    assert!(seen.contains("has successfully progressed"), "{seen}");
}

#[test]
fn what_strikes_is_told_where_it_strikes() {
    let ground = settled_ground();
    let worlds = worlds::all();
    let mut worlds = worlds.iter();
    let mended = worlds.find(|world| world.name == "mended").unwrap();
    let mut search = Search::new(mended, &ground);
    let calm = search.tell(&[], false);
    let crash = |strike: &&Strike| strike.blow == Blow::CrashAfter(1);
    let crash = calm.chances.iter().find(crash).unwrap().clone();
    let line = format!("point {}: {}", crash.at, crash.about);
    let struck = search.tell(&[crash], false);
    let died = |told: &&String| told.ends_with("and then it dies") && told.contains(&line);
    assert_eq!(struck.lines.iter().filter(died).count(), 1);
    assert_eq!(calm.picture, struck.picture);
}
