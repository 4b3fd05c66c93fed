use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_store::contract::value;
use gantry_store::{Key, Revision, Txn};

use crate::batch::Prepared;
use crate::config::JournalConfig;
use crate::engine::Engine;
use crate::error::JournalError;
use crate::keeper::draw;
use crate::medium::memory::{Disk, Faults};
use crate::recover::Recovered;

use super::life::now;
use super::model::Model;
use super::*;

mod damage;
mod lives;
mod plants;
mod trouble;

fn open(disk: &Disk) -> Result<(Engine, Recovered), JournalError> {
    Engine::open(Arc::new(disk.clone()), &JournalConfig::default())
}

/// Commits some random transactions together; how things stand if that succeeds.
fn commit_some(engine: &mut Engine, from: &Model, dice: &mut Dice) -> (Model, bool) {
    let mut model = from.clone();
    while model.revision == from.revision {
        let (batch, _) = model.batch(dice);
        if engine.commit(&batch, now()).is_err() {
            return (model, false);
        }
    }
    (model, true)
}

/// Takes a picture as the two threads do.
fn take_picture(engine: &mut Engine) -> Result<(), JournalError> {
    let sitting = engine.turn()?;
    draw(engine.medium(), &sitting).map(drop)
}

fn fail_syncs(disk: &Disk, failing_syncs: u32) {
    disk.fail(Faults {
        failing_syncs,
        ..Faults::default()
    });
}
