//! Text that looks like HTML: style sheets, titles, scripts.

use super::name::Name;
use super::{Mode, State, Token, Tokenizer, is_white};

const SCRIPT: Name = Name::of("script");

/// Within text, where the only tag that counts is the end tag of the element it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// After `<`.
    Open,
    /// After `</`, in a script that began a comment or not.
    EndOpen { hidden: bool },
    /// In a name that may be that of the element.
    EndName { hidden: bool },
}

/// Within a script that holds `<!--`: there `<script>` and `</script>` are paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// After `<!`.
    Declaration,
    /// After `<!-`.
    DeclarationDash,
    /// In the comment, in a script within it or not, and after this many dashes.
    Hidden { nested: bool, dashes: u8 },
    /// After `<` there.
    Open { nested: bool },
    /// In a name there that may be `script`.
    Name { nested: bool },
}

impl Tokenizer {
    pub(super) fn written(&mut self, written: Written, byte: u8, text: &[u8]) -> Option<Token> {
        let is_letter = byte.is_ascii_alphabetic();
        match (written, byte) {
            (Written::Open, b'/') => self.state = State::Written(Written::EndOpen { hidden: false }),
            (Written::Open, b'!') if self.mode == Mode::Script => self.state = State::Script(Script::Declaration),
            (Written::EndOpen { hidden } | Written::EndName { hidden }, _) if is_letter => {
                if written == (Written::EndOpen { hidden }) {
                    self.tag = super::Tag::at(self.tag.start);
                }
                (self.tag.name, self.tag.length) = (self.tag.name.and(byte), self.tag.length + 1);
                self.state = State::Written(Written::EndName { hidden });
            }
            (Written::EndName { .. }, _) if (is_white(byte) || matches!(byte, b'/' | b'>')) && self.is_its_end() => {
                // From here on it is a tag like any other.
                (self.state, self.tag.is_end) = (State::TagName, true);
                return self.in_tag(text);
            }
            // It is looked at again, as text.
            (Written::EndOpen { hidden: true } | Written::EndName { hidden: true }, _) => {
                self.state = State::Script(Script::Hidden { nested: false, dashes: 0 });
                return None;
            }
            _ => {
                self.state = State::Text;
                return None;
            }
        }
        self.at += 1;
        None
    }

    fn is_its_end(&self) -> bool {
        match self.mode {
            Mode::Raw(name) => self.tag.name == name,
            Mode::Script => self.tag.name == SCRIPT,
            Mode::Data | Mode::Plain => false,
        }
    }

    pub(super) fn script(&mut self, script: Script, byte: u8) -> State {
        let hidden = |nested, dashes| State::Script(Script::Hidden { nested, dashes });
        self.at += 1;
        match (script, byte) {
            (Script::Declaration, b'-') => State::Script(Script::DeclarationDash),
            (Script::DeclarationDash, b'-') => hidden(false, 2),
            (Script::Hidden { nested, dashes }, b'-') => hidden(nested, dashes.saturating_add(1)),
            (Script::Hidden { nested, .. }, b'<') => State::Script(Script::Open { nested }),
            (Script::Hidden { dashes: 2.., .. }, b'>') => State::Text,
            (Script::Hidden { nested, .. }, _) => hidden(nested, 0),
            (Script::Open { nested: false }, b'/') => State::Written(Written::EndOpen { hidden: true }),
            (Script::Open { nested: true }, b'/') => {
                self.tag.name = Name::EMPTY;
                State::Script(Script::Name { nested: true })
            }
            (Script::Open { nested: false }, _) if byte.is_ascii_alphabetic() => {
                self.tag.name = Name::EMPTY.and(byte);
                State::Script(Script::Name { nested: false })
            }
            (Script::Name { nested }, _) if byte.is_ascii_alphabetic() => {
                self.tag.name = self.tag.name.and(byte);
                State::Script(Script::Name { nested })
            }
            (Script::Name { nested }, _) if is_white(byte) || matches!(byte, b'/' | b'>') => {
                hidden(nested != (self.tag.name == SCRIPT), 0)
            }
            // It is looked at again, for what else it may begin.
            (Script::Declaration | Script::DeclarationDash, _) => self.again(State::Text),
            (Script::Open { nested } | Script::Name { nested }, _) => self.again(hidden(nested, 0)),
        }
    }

    fn again(&mut self, state: State) -> State {
        self.at -= 1;
        state
    }
}
