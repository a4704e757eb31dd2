//! The command line: what can be asked for, and help that teaches.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

const ABOUT: &str = "Kettle & Crane: a tea shop whose support agents can see exactly what a customer sees";

const LONG_ABOUT: &str = "\
Kettle & Crane is a small tea subscription shop, and the reference application of Vicarious: its support agents can use
the shop as a customer, with the customer's consent, under rules, for a bounded time, and with every step on record.

Without arguments it serves a demo: `helpdesk serve --demo`. Everything then lives in helpdesk.db and its keys file,
both in the current directory; delete them to start afresh.";

const EXAMPLES: &str = "\
Examples:
  helpdesk                                          try it: demo data, http://127.0.0.1:3000
  helpdesk serve --demo --listen 127.0.0.1:0        the same on a free port, named on the first line of stdout
  helpdesk serve --listen 0.0.0.0:3000 --public-url https://tea.example.com --database postgres://localhost/tea
  helpdesk rules                                    what an agent may do where
  helpdesk audit tail --follow                      watch the record grow
  helpdesk impersonations pause --reason \"phishing\" end them all, and refuse new ones";

/// The longest that an impersonation may be made to last.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// Everything that can be asked for on the command line.
#[derive(Debug, Parser)]
#[command(name = "helpdesk", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the shop over HTTP
    #[command(after_help = SERVE_HELP)]
    Serve(Box<Serve>),
    /// Print what an agent may do at which route, and which unsafe routes nobody has classified
    ///
    /// Exits with 1 when an unsafe route has no rule: it counts as `never`, but somebody should decide.
    Rules,
    /// Check, export or follow the record of what was done
    #[command(subcommand)]
    Audit(Audit),
    /// Look after running impersonations
    #[command(subcommand)]
    Impersonations(Impersonations),
    /// Look after the keys that seal cookies
    #[command(subcommand)]
    Keys(Keys),
}

const SERVE_HELP: &str = "\
Every option is also an environment variable. The first line on stdout is `listening on http://ADDRESS`; nothing more
goes there. Logs go to stderr; RUST_LOG=debug shows more. SIGTERM and Ctrl-C finish what is running, then exit with 0.

Without --public-url the shop is for this machine only: loopback, plain HTTP, cookies that are not Secure. With it, a
proxy in front speaks HTTPS, and cookies are Secure with the __Host- prefix.";

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 picks a free port
    #[arg(long, env = "HELPDESK_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// A second host name on which agents act as customers; for now only `none`, the same origin
    #[arg(long, env = "HELPDESK_ISOLATED_HOST", default_value = "none", value_name = "HOST", value_parser = isolated_host)]
    pub(crate) isolated_host: IsolatedHost,

    #[command(flatten)]
    pub(crate) database: Database,

    /// How nodes tell each other what changed; for now only `local`, a single node
    #[arg(long, env = "HELPDESK_PUBSUB", default_value = "local", value_name = "PUBSUB")]
    pub(crate) pubsub: PubSub,

    /// Fill an empty database with made-up people, and renew the consent that two of them have given
    #[arg(long, env = "HELPDESK_DEMO", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) demo: bool,

    /// How browsers reach the shop; needed for anything but loopback
    #[arg(long, env = "HELPDESK_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<String>,

    /// What people read about impersonation, in the shop and in the console; by default what their browser asks for
    #[arg(long, env = "HELPDESK_LANGUAGE", value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,

    #[command(flatten)]
    pub(crate) times: Times,

    #[command(flatten)]
    pub(crate) keys: KeysFile,
}

/// A language that Vicarious speaks here; the shop speaks English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// German
    De,
}

/// How long an impersonation lasts.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Times {
    /// When an impersonation ends, whatever is done meanwhile; at most 8h
    ///
    /// Long pages want a long time, and whoever steals a browser wants the same.
    #[arg(id = "length", long = "impersonation-length", env = "HELPDESK_IMPERSONATION_LENGTH", default_value = "30m",
          value_name = "TIME", value_parser = length)]
    pub(crate) length: SignedDuration,

    /// When it ends because nothing was done
    #[arg(id = "idle", long = "impersonation-idle", env = "HELPDESK_IMPERSONATION_IDLE", default_value = "10m",
          value_name = "TIME", value_parser = length)]
    pub(crate) idle: SignedDuration,
}

/// Where the data is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Database {
    /// The database, as sqlite://FILE or postgres://…; made and migrated by itself
    #[arg(id = "database", long = "database", env = "HELPDESK_DATABASE", default_value = "sqlite://helpdesk.db",
          value_name = "URL", value_parser = database_url, hide_env_values = true)]
    pub(crate) url: String,
}

/// Where the keys are.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeysFile {
    /// The file with the keys that seal cookies; made on first start, readable by its owner only
    ///
    /// By default it lies beside an SQLite database (helpdesk.db has helpdesk.keys), else it is helpdesk.keys in the
    /// current directory. HELPDESK_KEYS holds the keys themselves instead of a file.
    #[arg(id = "keys", long = "keys", env = "HELPDESK_KEYS_FILE", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// What to do with the record.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check that the record is whole; exits with 1 and names the first thing that is not
    Verify {
        #[command(flatten)]
        database: Database,
    },
    /// Print the record as JSON Lines, oldest first
    Export {
        #[command(flatten)]
        database: Database,
        /// From this time on, for example 2026-11-01T00:00:00Z
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Before this time
        #[arg(long, value_name = "TIME")]
        to: Option<Timestamp>,
    },
    /// Print the latest entries as JSON Lines
    Tail {
        #[command(flatten)]
        database: Database,
        /// How many
        #[arg(long, short = 'n', default_value_t = 10, value_name = "COUNT")]
        lines: usize,
        /// Go on printing what is added, until interrupted
        #[arg(long, short)]
        follow: bool,
    },
}

/// What to do with running impersonations.
#[derive(Debug, Subcommand)]
pub(crate) enum Impersonations {
    /// Show who is inside whose account now
    List {
        #[command(flatten)]
        database: Database,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End one now; exits with 1 when it is not running
    Revoke {
        /// Its id, as `impersonations list` shows it
        id: String,
        #[command(flatten)]
        database: Database,
    },
    /// End all of them and refuse new ones, on every node, until `resume`
    Pause {
        /// Why; agents are told
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        database: Database,
    },
    /// Allow impersonations again; exits with 1 when they are not paused
    Resume {
        #[command(flatten)]
        database: Database,
    },
}

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Put a new key in front: it seals from the next start on, the old ones still open what they sealed
    Rotate {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        keys: KeysFile,
        /// How many old keys to keep
        #[arg(long, default_value_t = 2, value_name = "COUNT")]
        keep: usize,
    },
}

/// Where agents act as customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsolatedHost {
    /// On the shop's own origin.
    None,
}

/// How nodes tell each other what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PubSub {
    /// There is one node.
    Local,
}

fn isolated_host(text: &str) -> Result<IsolatedHost, String> {
    match text {
        "none" => Ok(IsolatedHost::None),
        _ => Err("a second origin is not available yet: leave it out, or say `none`".to_owned()),
    }
}

fn length(text: &str) -> Result<SignedDuration, String> {
    let length: SignedDuration = text.parse().map_err(|_| "it must be a time such as 30m, 90s or 1h 30m".to_owned())?;
    match length.is_positive() && length <= LONGEST {
        true => Ok(length),
        false => Err("it must be more than nothing and at most 8h".to_owned()),
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").ok_or("it must begin with https://")?;
    let host = host.strip_suffix('/').unwrap_or(host);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    match host.is_empty() || !host.chars().all(plain) {
        true => Err("it must be a host name, perhaps with a port, and no path".to_owned()),
        false => Ok(format!("https://{host}")),
    }
}

fn database_url(text: &str) -> Result<String, String> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    match known.iter().any(|scheme| text.starts_with(scheme)) {
        true => Ok(text.to_owned()),
        false => Err("it must begin with sqlite:// or postgres://".to_owned()),
    }
}

impl Cli {
    /// Parses the command line; without arguments it means `serve --demo`.
    pub(crate) fn read() -> Self {
        match std::env::args_os().len() {
            0 | 1 => Self::parse_from(["helpdesk", "serve", "--demo"]),
            _ => Self::parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_length_is_a_time_of_at_most_a_working_day() {
        assert_eq!(length("30m"), Ok(SignedDuration::from_mins(30)));
        assert_eq!(length("1h 30m"), Ok(SignedDuration::from_mins(90)));
        for wrong in ["", "30", "0s", "-1m", "9h", "soon"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_public_url_is_an_https_origin() {
        assert_eq!(public_url("https://tea.example.com/").as_deref(), Ok("https://tea.example.com"));
        for wrong in ["http://tea.example.com", "https://", "https://tea.example.com/shop", "tea.example.com"] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
