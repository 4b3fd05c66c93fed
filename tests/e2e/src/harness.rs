//! What the chapters stand on: images, a registry, clusters, programs, waiting, and the check that
//! nothing is left. Decides nothing about what is right; the chapters do.

mod cluster;
mod debian;
mod etcd;
mod extension;
mod images;
mod kubectl;
mod lab;
mod leftovers;
mod program;
mod registry;
mod runner;
mod wait;
mod web;
mod webhook;

pub(crate) use cluster::Cluster;
pub(crate) use etcd::Etcd;
pub(crate) use extension::Extension;
pub(crate) use kubectl::Kubectl;
pub(crate) use lab::Lab;
pub(crate) use program::{Background, Program, Said};
pub(crate) use runner::{Runner, Test, not_tried};
pub(crate) use wait::{until, within};
pub(crate) use web::get;
pub(crate) use webhook::Webhook;
