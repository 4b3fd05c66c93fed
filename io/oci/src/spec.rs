//! A container as the shim runs it: what was asked for, joined with what its image says.
//!
//! Users are still names here, because only the root file system can tell what they mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gantry_kubelet::sandbox::ContainerConfig;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where programs are looked for when neither the image nor the user says.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an image says about the containers made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// Its further arguments, or all of it without an entry point.
    pub cmd: Vec<String>,
    /// Variables, each as `NAME=value`.
    pub env: Vec<String>,
    /// `user`, `uid`, `user:group` or `uid:gid`; empty for root.
    pub user: String,
    /// The working directory; empty for the root.
    pub working_dir: String,
    /// What asks a container to end.
    pub stop_signal: Option<String>,
}

/// One container with all that is needed to run it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// What was asked for.
    pub config: ContainerConfig,
    /// The image's unpacked layers, the uppermost first.
    pub layers: Vec<PathBuf>,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The environment, by name.
    pub env: BTreeMap<String, String>,
    /// The working directory.
    pub working_dir: String,
    /// The image's user, for whatever the configuration leaves open.
    pub image_user: String,
    /// The number of the signal that asks it to end.
    pub stop_signal: i32,
}

/// Why a configuration and an image do not make a container.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SpecError {
    /// Neither says what to run.
    #[error("find a command: neither the container nor its image names one")]
    NoCommand,
    /// The image has no content.
    #[error("find the layers of the image")]
    NoLayers,
    /// A signal that does not exist.
    #[error("understand the stop signal {0:?}")]
    UnknownSignal(String),
    /// A path that must begin at the root.
    #[error("use the {what} {path:?}: it is not an absolute path without \"..\"")]
    Path {
        /// What the path is for.
        what: &'static str,
        /// The path.
        path: String,
    },
}

impl ContainerSpec {
    /// Joins a configuration with its image.
    pub fn new(
        config: ContainerConfig,
        image: &ImageConfig,
        layers: Vec<PathBuf>,
    ) -> Result<Self, SpecError> {
        if layers.is_empty() {
            return Err(SpecError::NoLayers);
        }
        check_paths(&config)?;
        let argv = argv(&config, image)?;
        let env = env(&config, image);
        let working_dir = working_dir(&config, image)?;
        let signal = config.stop_signal.as_ref().or(image.stop_signal.as_ref());
        let stop_signal = signal.map_or(Ok(libc::SIGTERM), |name| parse_signal(name))?;
        let image_user = image.user.clone();
        Ok(Self {
            config,
            layers,
            argv,
            env,
            working_dir,
            image_user,
            stop_signal,
        })
    }
}

fn argv(config: &ContainerConfig, image: &ImageConfig) -> Result<Vec<String>, SpecError> {
    let (first, rest) = match (config.command.is_empty(), config.args.is_empty()) {
        (false, _) => (&config.command, &config.args),
        (true, false) => (&image.entrypoint, &config.args),
        (true, true) => (&image.entrypoint, &image.cmd),
    };
    let argv: Vec<String> = first.iter().chain(rest).cloned().collect();
    if argv.is_empty() {
        Err(SpecError::NoCommand)
    } else {
        Ok(argv)
    }
}

fn env(config: &ContainerConfig, image: &ImageConfig) -> BTreeMap<String, String> {
    let mut env = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
    if config.tty {
        env.insert("TERM".into(), "xterm".into());
    }
    let of_image = image.env.iter().filter_map(|pair| pair.split_once('='));
    env.extend(of_image.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env.extend(config.env.iter().cloned());
    env
}

fn working_dir(config: &ContainerConfig, image: &ImageConfig) -> Result<String, SpecError> {
    let path = config.working_dir.as_deref().unwrap_or(&image.working_dir);
    match path {
        "" => Ok("/".into()),
        path => absolute("working directory", path).map(str::to_owned),
    }
}

fn check_paths(config: &ContainerConfig) -> Result<(), SpecError> {
    for mount in &config.mounts {
        absolute("mount destination", &mount.destination)?;
    }
    match config.termination_message_path.as_str() {
        "" => Ok(()),
        path => absolute("termination message path", path).map(drop),
    }
}

fn absolute<'p>(what: &'static str, path: &'p str) -> Result<&'p str, SpecError> {
    let climbs = path.split('/').any(|part| part == "..");
    if path.starts_with('/') && !climbs && !path.contains('\0') {
        return Ok(path);
    }
    Err(SpecError::Path {
        what,
        path: path.to_owned(),
    })
}

/// The number of a signal given as `SIGTERM`, `TERM`, `15` or `SIGRTMIN+3`.
fn parse_signal(name: &str) -> Result<i32, SpecError> {
    let unknown = || SpecError::UnknownSignal(name.to_owned());
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    let number = match short.strip_prefix("RTMIN") {
        Some(rest) => {
            let offset = rest.strip_prefix('+').unwrap_or(rest);
            let offset = if offset.is_empty() {
                Ok(0)
            } else {
                offset.parse::<i32>()
            };
            libc::SIGRTMIN() + offset.map_err(|_| unknown())?
        }
        None => match SIGNALS.iter().find(|(known, _)| *known == short) {
            Some((_, number)) => *number,
            None => short.parse().map_err(|_| unknown())?,
        },
    };
    if (1..=libc::SIGRTMAX()).contains(&number) {
        Ok(number)
    } else {
        Err(unknown())
    }
}

const SIGNALS: &[(&str, i32)] = &[
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ABRT", libc::SIGABRT),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("WINCH", libc::SIGWINCH),
    ("PWR", libc::SIGPWR),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> ImageConfig {
        ImageConfig {
            entrypoint: vec!["/entry".into()],
            cmd: vec!["serve".into()],
            env: vec!["A=image".into(), "B=image=2".into()],
            stop_signal: Some("SIGQUIT".into()),
            ..ImageConfig::default()
        }
    }

    fn spec(config: ContainerConfig) -> Result<ContainerSpec, SpecError> {
        ContainerSpec::new(config, &image(), vec!["/layer".into()])
    }

    #[test]
    fn a_command_replaces_the_entry_point_and_its_arguments() {
        let command = ContainerConfig {
            command: vec!["c".into()],
            ..Default::default()
        };
        assert_eq!(spec(command).unwrap().argv, ["c"]);
        let args = ContainerConfig {
            args: vec!["a".into()],
            ..Default::default()
        };
        assert_eq!(spec(args).unwrap().argv, ["/entry", "a"]);
        assert_eq!(
            spec(ContainerConfig::default()).unwrap().argv,
            ["/entry", "serve"]
        );
    }

    #[test]
    fn the_users_variables_win_over_the_images() {
        let env = vec![("A".to_owned(), "user".to_owned())];
        let made = spec(ContainerConfig {
            env,
            ..Default::default()
        })
        .unwrap();
        assert_eq!(
            (made.env["A"].as_str(), made.env["B"].as_str()),
            ("user", "image=2")
        );
        assert_eq!(made.env["PATH"], DEFAULT_PATH);
    }

    #[test]
    fn signals_are_known_by_name_number_and_offset() {
        assert_eq!(
            spec(ContainerConfig::default()).unwrap().stop_signal,
            libc::SIGQUIT
        );
        assert_eq!(parse_signal("15"), Ok(libc::SIGTERM));
        assert_eq!(parse_signal("SIGRTMIN+3"), Ok(libc::SIGRTMIN() + 3));
        assert!(parse_signal("SIGNOPE").is_err());
        assert!(parse_signal("0").is_err());
        assert!(parse_signal("65000").is_err());
    }

    #[test]
    fn a_path_that_climbs_out_is_refused() {
        let config = ContainerConfig {
            working_dir: Some("/a/../..".into()),
            ..Default::default()
        };
        assert!(matches!(spec(config), Err(SpecError::Path { .. })));
    }
}
