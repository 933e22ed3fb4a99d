;;; second.el --- Another editor  -*- lexical-binding: t; -*-

;;; Commentary:

;; Gives a command, says the process id and what it inserted, and goes.  With SECOND_LEAVES it does not wait for the link;
;; where that is "cancelled", it gives another command, and takes that one back at the last moment.

;;; Code:

(require 'imagewire)

(setq imagewire-command (list (getenv "IMAGEWIRE"))
      imagewire-input `(:size "64x64" :sandbox (:delay_ms ,(string-to-number (getenv "SECOND_DELAY")))))
(find-file (expand-file-name "second.md" (getenv "SECOND_FOLDER")))
(imagewire-generate "a boat of the second editor")
(while (and (imagewire-status) (not (string-search "processing" (imagewire-status))))
  (accept-process-output nil 0.01))
(princ (format "pid %d\n" (process-id (imagewire--connection-process imagewire--connection))))
(unless (getenv "SECOND_LEAVES")
  (while (imagewire-status) (accept-process-output nil 0.01))
  (princ (format "link %s\n" (buffer-string))))

(when (equal (getenv "SECOND_LEAVES") "cancelled")
  (imagewire-generate "a yak given up")
  (imagewire--cancel (car imagewire--in-progress)))

;;; second.el ends here
