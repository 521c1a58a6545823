//! Draws the screen at several sizes, without a terminal.

use std::time::Duration;

use posix_mqueue::NotifyMethod;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};

use super::super::fixture::{self, Clock};
use super::super::history::History;
use super::super::holders::HolderReport;
use super::super::sample::{QueueSample, RegisteredProcess};
use super::super::sort::SortKey;
use super::super::user_names::UserNames;
use super::super::view::View;
use super::context::DrawContext;
use super::draw_screen;
use super::theme::Theme;

fn history() -> History {
    let (mut history, clock) = (History::default(), Clock::start());
    let mut bell = fixture::queue_sample("/bell", 0, 0, 990);
    bell.contents = bell.contents.map(|mut contents| {
        contents.registered = Some(RegisteredProcess {
            delivery: NotifyMethod::Signal { number: 10 },
            pid: Some(4242),
        });
        contents
    });
    let closed =
        QueueSample { contents: None, uid: 65_534, ..fixture::queue_sample("/closed", 0, 0, 400) };
    for (second, messages) in [(0, 1), (1, 3), (2, 10), (3, 8), (4, 8)] {
        let bytes = 10 * messages as u64;
        let jobs = fixture::queue_sample("/jobs", messages, bytes, 1_000 + second);
        let queues = vec![bell.clone(), closed.clone(), jobs];
        history.add(clock.sample(u128::from(second) * 1_000, queues));
    }
    history
}

fn view() -> View {
    View::new(Duration::from_secs(1), SortKey::Name, String::new())
}

fn press(view: &mut View, keys: &str, history: &History) {
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        view.on_key(code.into(), history);
    }
}

fn drawn(width: u16, height: u16, context: &DrawContext) -> Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(frame) = terminal.draw(|frame| draw_screen(frame, context));
    frame.buffer.clone()
}

/// Draws with a holder report of `/jobs`.
fn screen(width: u16, height: u16, view: &View, history: &History, has_color: bool) -> Buffer {
    let jobs = history.rows().find(|row| row.name == "/jobs");
    let holders =
        jobs.map(|row| HolderReport { id: row.sample.id, text: "python3 4242".to_owned() });
    let user_names = UserNames::new(|uid| uid.to_string());
    let theme = Theme { has_color };
    let context = DrawContext {
        history,
        view,
        user_names: &user_names,
        holders: holders.as_ref(),
        error: None,
        theme,
    };
    drawn(width, height, &context)
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &[ratatui::buffer::Cell]| -> String {
        cells.iter().map(ratatui::buffer::Cell::symbol).collect()
    };
    buffer.content.chunks(width).map(|cells| line(cells).trim_end().to_owned()).collect()
}

#[test]
fn screen_80_by_24_shows_the_main_columns() {
    let lines = lines(&screen(80, 24, &view(), &history(), false));
    assert_eq!(
        lines[..5],
        [
            "mqctl top  3 queues  8 messages  by name  every 1 s",
            "NAME▼                DEPTH     MSGS  ≥IN/S  ≥OUT/S    HISTORY NOTIFY     OWNER",
            "/bell                          0/10      0       0            sig10 4242 0",
            "/closed                           ?      ?       ?            ?          65534",
            "/jobs                ██████▍   8/10      1       1      ▁▂█▆▆ -          0",
        ]
    );
    assert!(lines[5..23].iter().all(String::is_empty));
    assert!(lines[23].starts_with("q quit  ? help") && lines[23].ends_with("+- interval"));
}

#[test]
fn screen_120_by_40_shows_more_columns() {
    let lines = lines(&screen(120, 40, &view(), &history(), false));
    assert_eq!(
        lines[1..5],
        [
            "NAME▼                          DEPTH         MSGS  BYTES  ≥IN/S  ≥OUT/S         HISTORY NOTIFY     OWNER   USED",
            "/bell                                        0/10      0      0       0                 sig10 4242 0        14s",
            "/closed                                         ?      ?      ?       ?                 ?          65534    10m",
            "/jobs                          █████████▋    8/10     80      1       1           ▁▂█▆▆ -          0         0s",
        ]
    );
    assert!(lines[39].starts_with("q quit"));
}

#[test]
fn narrow_screen_drops_least_important_columns_first() {
    let lines = lines(&screen(24, 5, &view(), &history(), false));
    assert_eq!(
        lines,
        [
            "mqctl top  3 queues  8 m",
            "NAME▼      DEPTH   MSGS",
            "/bell              0/10",
            "/closed               ?",
            "q quit  ? help  / filter",
        ]
    );
}

#[test]
fn details_show_everything_known_about_selected_queue() {
    let (mut view, history) = (view(), history());
    press(&mut view, "G\n", &history);
    let buffer = screen(80, 24, &view, &history, false);
    let lines = lines(&buffer);
    assert_eq!(
        lines[12..20],
        [
            format!("/jobs{}", "─".repeat(75)).as_str(),
            "owner     0 (0), group 0, mode 0600",
            "contents  8 of 10 messages, 80 bytes; msgsize 100",
            "traffic   at least 10 in and 3 out since the first sample",
            "notify    none",
            "used      0s ago (the last send or receive)",
            "holders   python3 4242",
            "history   ▁▂█▆▆",
        ]
    );
    let is_selected = |y| buffer[(0, y)].modifier.contains(Modifier::REVERSED);
    assert_eq!([2, 3, 4].map(is_selected), [false, false, true]);
    press(&mut view, "k", &history);
    let lines = self::lines(&screen(80, 24, &view, &history, false));
    assert!(lines.iter().any(|line| line == "contents  no permission to read"));
    assert!(lines.iter().any(|line| line == "holders   press h to find them"));
}

#[test]
fn filter_applies_while_typed_and_reports_no_match() {
    let (mut view, history) = (view(), history());
    press(&mut view, "/jo", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    assert!(lines[0].contains("1 of 3 queues, with \"jo\""));
    assert!(lines[2].starts_with("/jobs") && lines[3].is_empty());
    assert!(lines[23].starts_with("/jo_"));
    press(&mut view, "x\n", &history);
    assert!(
        self::lines(&screen(80, 24, &view, &history, false))[1].starts_with("no queue matches")
    );
}

#[test]
fn sort_mark_and_pause_are_shown() {
    let (mut view, history) = (view(), history());
    press(&mut view, "srp", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    assert!(lines[0].contains("PAUSED") && lines[0].contains("by depth, reversed"));
    assert!(lines[1].contains("DEPTH▲"));
}

#[test]
fn help_fits_80_by_24() {
    let (mut view, history) = (view(), history());
    press(&mut view, "?", &history);
    let lines = lines(&screen(80, 24, &view, &history, false));
    // Lines of the help text are not wrapped again.
    assert!(
        lines.iter().any(|line| line.contains("lower bounds, because the kernel does not count"))
    );
    assert!(lines.iter().any(|line| line.contains("(sig10, thread, silent), and its process id")));
}

#[test]
fn sampling_error_is_shown_below_last_sample() {
    let (view, history) = (view(), history());
    let user_names = UserNames::new(|uid| uid.to_string());
    let error = Some("no descriptor is left");
    let theme = Theme { has_color: false };
    let context = DrawContext {
        history: &history,
        view: &view,
        user_names: &user_names,
        holders: None,
        error,
        theme,
    };
    let lines = lines(&drawn(80, 24, &context));
    assert!(lines[4].starts_with("/jobs"));
    assert_eq!(lines[23], "no descriptor is left");
}

#[test]
fn theme_without_color_uses_none() {
    let (view, history) = (view(), history());
    let uses_color = |has_color| {
        let buffer = screen(80, 24, &view, &history, has_color);
        buffer.content.iter().any(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset))
    };
    assert!(uses_color(true));
    assert!(!uses_color(false));
}

#[test]
fn every_view_survives_every_size() {
    let history = history();
    for keys in ["", "\n", "?", "/bell", "/x\n", "G\n"] {
        let mut view = view();
        press(&mut view, keys, &history);
        for width in (0..24).chain([40, 79, 80, 200]) {
            for height in (0..14).chain([24, 60]) {
                screen(width, height, &view, &history, true);
            }
        }
        screen(80, 24, &view, &History::default(), true);
    }
}
