//! Workloads that come to an end: jobs, and jobs that come again and again.

mod cron_job;
mod job;

pub use cron_job::CronJobs;
pub use job::Jobs;
