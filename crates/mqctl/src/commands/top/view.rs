//! The state of the view, and how keys change it.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::history::{History, Row};
use super::sample::QueueId;
use super::sort::{self, SortKey};

/// The intervals that `+` and `-` select.
const INTERVALS: [Duration; 9] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];
/// The rows that a page key moves by.
const PAGE_ROWS: usize = 10;

#[derive(Debug)]
pub(super) struct View {
    pub(super) interval: Duration,
    pub(super) sort_key: SortKey,
    pub(super) is_reversed: bool,
    pub(super) filter: String,
    /// While a filter is being typed: the previous filter.
    pub(super) filter_before_edit: Option<String>,
    pub(super) is_paused: bool,
    pub(super) shows_help: bool,
    pub(super) shows_details: bool,
    selected: Option<QueueId>,
    /// The line of the selected queue, which stays selected if the queue is removed.
    selected_line: usize,
}

/// What a key requests beyond a change of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    /// Ctrl-C: in raw mode it is only a key.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Find the processes that have the selected queue open.
    FindHolders,
}

impl View {
    pub(super) fn new(interval: Duration, sort_key: SortKey, filter: String) -> Self {
        Self {
            interval,
            sort_key,
            is_reversed: false,
            filter,
            filter_before_edit: None,
            is_paused: false,
            shows_help: false,
            shows_details: false,
            selected: None,
            selected_line: 0,
        }
    }

    /// Returns the rows to show and the selected line: that of the selected queue, or if that queue
    /// is gone, the same line as before.
    pub(super) fn rows<'a>(&self, history: &'a History) -> (Vec<&'a Row>, usize) {
        let rows =
            sort::filter_and_sort(history.rows(), &self.filter, self.sort_key, self.is_reversed);
        let same = rows.iter().position(|row| Some(row.sample.id) == self.selected);
        let line = same.unwrap_or(self.selected_line).min(rows.len().saturating_sub(1));
        (rows, line)
    }

    pub(super) fn selected<'a>(&self, history: &'a History) -> Option<&'a Row> {
        let (rows, line) = self.rows(history);
        rows.get(line).copied()
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, history: &History) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        // Esc followed by a key sends the same bytes as Alt with that key, which has no meaning here.
        if key.modifiers.contains(KeyModifiers::ALT) && key.code != KeyCode::Esc {
            let action = self.on_key(KeyCode::Esc.into(), history);
            let key = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
            return action.or_else(|| self.on_key(key, history));
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Action::Interrupt),
                KeyCode::Char('z') => Some(Action::Suspend),
                _ => None,
            };
        }
        if self.filter_before_edit.is_some() {
            self.edit_filter(key.code);
            return None;
        }
        if std::mem::take(&mut self.shows_help) {
            return None;
        }
        match key.code {
            KeyCode::Char('q') => return Some(Action::Quit),
            KeyCode::Char('h') => {
                self.shows_details = true;
                return Some(Action::FindHolders);
            }
            KeyCode::Char('?') | KeyCode::F(1) => self.shows_help = true,
            KeyCode::Char('/') => self.filter_before_edit = Some(self.filter.clone()),
            KeyCode::Char('s') => self.sort_key = self.sort_key.next(),
            KeyCode::Char('S') => self.sort_key = self.sort_key.previous(),
            KeyCode::Char('r') => self.is_reversed = !self.is_reversed,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('+') => self.interval = longer(self.interval),
            KeyCode::Char('-') => self.interval = shorter(self.interval),
            KeyCode::Enter => self.shows_details = !self.shows_details,
            // Esc goes back one step at a time.
            KeyCode::Esc if self.shows_details => self.shows_details = false,
            KeyCode::Esc => self.filter.clear(),
            code => self.move_selection(code, history),
        }
        None
    }

    /// Handles a key while the filter is being typed. The filter takes effect at once.
    fn edit_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.filter.push(c),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.filter_before_edit = None,
            KeyCode::Esc => self.filter = self.filter_before_edit.take().unwrap_or_default(),
            _ => {}
        }
    }

    fn move_selection(&mut self, code: KeyCode, history: &History) {
        let (rows, line) = self.rows(history);
        let last = rows.len().saturating_sub(1);
        let line = match code {
            KeyCode::Up | KeyCode::Char('k') => line.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => line + 1,
            KeyCode::PageUp => line.saturating_sub(PAGE_ROWS),
            KeyCode::PageDown => line + PAGE_ROWS,
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            _ => return,
        };
        self.selected_line = line.min(last);
        self.selected = rows.get(self.selected_line).map(|row| row.sample.id);
    }
}

fn longer(interval: Duration) -> Duration {
    INTERVALS.into_iter().find(|step| *step > interval).unwrap_or(interval)
}

fn shorter(interval: Duration) -> Duration {
    INTERVALS.into_iter().rfind(|step| *step < interval).unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Action, View};
    use crate::commands::top::fixture::{self, Clock};
    use crate::commands::top::history::History;
    use crate::commands::top::sort::SortKey;

    fn view() -> View {
        View::new(Duration::from_secs(1), SortKey::Name, String::new())
    }

    fn history(names: &[&str]) -> History {
        let mut history = History::default();
        let queues = names.iter().map(|name| fixture::queue_sample(name, 1, 1, 1)).collect();
        history.add(Clock::start().sample(0, queues));
        history
    }

    /// Presses each key; `\n` is Enter, `\x1b` Esc, `\x7f` Backspace.
    fn press(view: &mut View, keys: &str, history: &History) -> Vec<Action> {
        let code = |key| match key {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\x7f' => KeyCode::Backspace,
            key => KeyCode::Char(key),
        };
        keys.chars().filter_map(|key| view.on_key(code(key).into(), history)).collect()
    }

    fn selected(view: &View, history: &History) -> String {
        view.selected(history).map(|row| row.name.clone()).unwrap_or_default()
    }

    #[test]
    fn selection_follows_its_queue_then_its_line() {
        let mut view = view();
        let before = history(&["/b", "/d", "/f"]);
        press(&mut view, "j", &before);
        assert_eq!(selected(&view, &before), "/d");
        assert_eq!(selected(&view, &history(&["/a", "/b", "/c", "/d"])), "/d");
        assert_eq!(selected(&view, &history(&["/b", "/f"])), "/f");
        assert_eq!(selected(&view, &history(&["/b"])), "/b");
        assert_eq!(selected(&view, &history(&[])), "");
    }

    #[test]
    fn selection_stays_within_the_rows() {
        let history = history(&["/a", "/b", "/c"]);
        let mut view = view();
        for (keys, expected) in [("k", "/a"), ("jjjj", "/c"), ("g", "/a"), ("G", "/c"), ("k", "/b")]
        {
            press(&mut view, keys, &history);
            assert_eq!(selected(&view, &history), expected, "{keys}");
        }
        let nothing = self::history(&[]);
        press(&mut view, "jkgGh\n", &nothing);
        assert_eq!(selected(&view, &nothing), "");
    }

    #[test]
    fn letters_typed_into_filter_are_not_commands() {
        let history = history(&["/sq", "/other"]);
        let mut view = view();
        assert_eq!(press(&mut view, "/sqx\x7f", &history), []);
        assert_eq!((view.filter.as_str(), view.sort_key), ("sq", SortKey::Name));
        assert_eq!(selected(&view, &history), "/sq");
        press(&mut view, "\ns", &history);
        assert_eq!((view.filter.as_str(), view.sort_key), ("sq", SortKey::Depth));
    }

    #[test]
    fn escape_restores_then_clears_the_filter() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "/a\n/b\x1b", &history);
        assert_eq!(view.filter, "a");
        press(&mut view, "\n\x1b", &history);
        assert_eq!((view.filter.as_str(), view.shows_details), ("a", false));
        press(&mut view, "\x1b", &history);
        assert_eq!(view.filter, "");
    }

    #[test]
    fn escape_followed_by_key_is_two_keys() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "/x", &history);
        view.on_key(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT), &history);
        assert_eq!((view.filter.as_str(), view.filter_before_edit.is_none()), ("", true));
        assert_eq!(view.sort_key, SortKey::Depth);
    }

    #[test]
    fn any_key_only_closes_the_help() {
        let history = history(&["/a"]);
        let mut view = view();
        press(&mut view, "?", &history);
        assert!(view.shows_help);
        assert_eq!(press(&mut view, "q", &history), []);
        assert!(!view.shows_help);
        assert_eq!(press(&mut view, "q", &history), [Action::Quit]);
    }

    #[test]
    fn interval_stays_within_its_bounds() {
        let history = history(&[]);
        let mut view = view();
        press(&mut view, "+", &history);
        assert_eq!(view.interval, Duration::from_secs(2));
        press(&mut view, &"+".repeat(20), &history);
        assert_eq!(view.interval, Duration::from_secs(60));
        press(&mut view, &"-".repeat(20), &history);
        assert_eq!(view.interval, Duration::from_millis(100));
    }

    #[test]
    fn signal_keys_work_while_filter_is_typed() {
        let history = history(&[]);
        let mut view = view();
        press(&mut view, "/", &history);
        for (key, action) in [('c', Action::Interrupt), ('z', Action::Suspend)] {
            let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL);
            assert_eq!(view.on_key(key, &history), Some(action));
        }
        assert_eq!(view.filter, "");
    }
}
