;;; second.el --- Another editor  -*- lexical-binding: t; -*-

;;; Commentary:

;; Gives a command, says the process id and what it inserted, and goes.  With SECOND_LEAVES it does not wait for the link:
;; "cancelled" cancels it at the last moment, and "at once" and "ready" end Emacs right after the command, before and after
;; the program has started.

;;; Code:

(require 'imagewire)

(defvar leaves (getenv "SECOND_LEAVES"))

(setq imagewire-command (list (getenv "IMAGEWIRE"))
      imagewire-input `(:size "64x64" :sandbox (:delay_ms ,(string-to-number (getenv "SECOND_DELAY")))))
(find-file (expand-file-name "second.md" (getenv "SECOND_FOLDER")))

(when (equal leaves "ready") (imagewire--await :ping nil))
(when (member leaves '("at once" "ready"))
  (imagewire-generate "a cow of the last moment")
  (kill-emacs))

(imagewire-generate "a boat of the second editor")
(while (and (imagewire-status) (not (string-search "processing" (imagewire-status))))
  (accept-process-output nil 0.01))
(princ (format "pid %d\n" (process-id (imagewire--connection-process imagewire--connection))))
(unless leaves
  (while (imagewire-status) (accept-process-output nil 0.01))
  (princ (format "link %s\n" (buffer-string))))
(when (equal leaves "cancelled") (imagewire-cancel))

;;; second.el ends here
