;;; imagewire-terminal-tests.el --- With a user's keys, in a small terminal  -*- lexical-binding: t; -*-

;;; Commentary:

;; An Emacs in a terminal of 60 columns and 20 lines gets keys as a user types them.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)

(defun imagewire-tests--terminal (file &rest settings)
  "Start an Emacs in a small terminal with FILE and SETTINGS, and return its process."
  (let* ((process-environment (cons "TERM=xterm" process-environment))
         (process (make-process
                   :name "terminal" :buffer (generate-new-buffer "terminal") :noquery t :connection-type 'pty :coding 'utf-8-unix
                   :command `("sh" "-c" "stty rows 20 columns 60 && exec \"$@\"" "sh"
                              ,(expand-file-name invocation-name invocation-directory) "-Q" "-nw"
                              "-L" ,(file-name-directory (locate-library "imagewire")) "-l" "imagewire-menu"
                              "--eval" ,(format "(setq %s make-backup-files nil mode-require-final-newline nil)"
                                                (mapconcat (lambda (part) (format "%S" part)) settings " "))
                              ,file))))
    (imagewire-tests--screen process "(Text)")
    process))

(defun imagewire-tests--terminals-p ()
  "Whether this system has terminals for its processes."
  (let ((process (make-process :name "terminal" :noquery t :connection-type 'pty :command '("sleep" "9"))))
    (prog1 (process-tty-name process) (delete-process process))))

(defun imagewire-tests--screen (process part)
  "Wait until PROCESS has drawn PART since the last keys."
  (imagewire-tests--wait (format "%S in the terminal" part)
                         (lambda () (with-current-buffer (process-buffer process)
                                      (goto-char (point-min))
                                      (search-forward part nil t)))))

(defun imagewire-tests--type (process keys)
  "Type KEYS into PROCESS."
  (with-current-buffer (process-buffer process) (erase-buffer))
  (process-send-string process keys))

(defun imagewire-tests--saved (process file text)
  "Save in PROCESS, and wait until FILE has TEXT."
  (imagewire-tests--type process "\C-x\C-s")
  (imagewire-tests--wait text (lambda ()
                                (and (file-exists-p file)
                                     (equal text (with-temp-buffer (insert-file-contents file) (buffer-string)))))))

(defmacro imagewire-tests--with-terminal (settings &rest body)
  "Run BODY with SETTINGS in a terminal, whose process is `terminal', with note.txt as `file'."
  (declare (indent 1))
  `(imagewire-tests--with (;; In some chroots there is none.
                           (_ (skip-unless (imagewire-tests--terminals-p)))
                           (file (expand-file-name "note.txt" folder))
                           (terminal (imagewire-tests--terminal
                                      file 'imagewire-command (list 'quote (list (getenv "IMAGEWIRE"))) ,@settings)))
     (unwind-protect (progn ,@body)
       (let ((buffer (process-buffer terminal)))
         (delete-process terminal)
         (kill-buffer buffer)))))

(ert-deftest imagewire-a-user-types-on ()
  "With a user's keys the command asks, the link lands, typing goes on and one undo removes it [editor 1, 3, 42]."
  (imagewire-tests--with-terminal ('imagewire-input ''(:size "64x64" :sandbox (:delay_ms 1000)))
    (imagewire-tests--type terminal "Here: \eximagewire-generate\r")
    (imagewire-tests--screen terminal "Image of: ")
    (imagewire-tests--type terminal "a red fox in the snow of a very long winter night\r and more")
    (imagewire-tests--screen terminal "and more")
    (imagewire-tests--screen terminal "processing")
    (imagewire-tests--screen terminal "very-long.png")
    ;; The message needs no key: the next one is text.
    (imagewire-tests--type terminal "!")
    (imagewire-tests--saved terminal file (concat "Here: ![a red fox in the snow of a very long winter night]"
                                                  "(images/a-red-fox-in-the-snow-of-a-very-long.png) and more!"))
    ;; The first undo removes what was typed last, the second one the link.
    (imagewire-tests--type terminal "\C-_\C-_")
    (imagewire-tests--saved terminal file "Here:  and more")
    (imagewire-tests--type terminal "\C-x\C-c")
    (imagewire-tests--wait "its end" (lambda () (not (process-live-p terminal))))))

(ert-deftest imagewire-long-messages-need-no-key ()
  "In a window of 60 columns and 20 lines no message needs a key [editor 42]."
  (imagewire-tests--with-terminal ('imagewire-input ''(:size "64x64" :sandbox (:fail "content_refused")))
    (imagewire-tests--type terminal (concat "x\eximagewire-generate\r" (make-string 200 ?w) "\r"))
    (imagewire-tests--screen terminal "failed")
    (imagewire-tests--type terminal "y\eximagewire-change\r")
    (imagewire-tests--screen terminal "There is no link")
    (imagewire-tests--type terminal "z\eximagewire-image-mode\r")
    (imagewire-tests--screen terminal "text terminal")
    (imagewire-tests--type terminal "!")
    (imagewire-tests--saved terminal file "xyz!")))

(ert-deftest imagewire-the-menu-has-the-commands ()
  "The menu of a small terminal shows the commands, and its keys run them [editor 42]."
  (imagewire-tests--with-terminal ()
    (imagewire-tests--type terminal "\eximagewire-menu\r")
    (imagewire-tests--screen terminal "vary it")
    (imagewire-tests--screen terminal "as it is set")
    (imagewire-tests--type terminal "i")
    (imagewire-tests--screen terminal "Image of: ")
    (imagewire-tests--type terminal "a fox\r")
    (imagewire-tests--screen terminal "a-fox.png")
    (imagewire-tests--saved terminal file "![a fox](images/a-fox.png)")))

(provide 'imagewire-terminal-tests)
;;; imagewire-terminal-tests.el ends here
