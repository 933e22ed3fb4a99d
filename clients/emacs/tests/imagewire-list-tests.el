;;; imagewire-list-tests.el --- The list of predictions  -*- lexical-binding: t; -*-

;;; Commentary:

;; What it shows, and each of its commands.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)

(defmacro imagewire-tests--in-list (text lines &rest body)
  "Run BODY in the list of TEXT, at its first line, when it has LINES."
  (declare (indent 2))
  `(progn
     (imagewire-list ,text)
     (with-current-buffer "*imagewire*"
       (imagewire-tests--wait "its lines" (lambda () (= (count-lines (point-min) (point-max)) ,lines)))
       (goto-char (point-min))
       ,@body)))

(ert-deftest imagewire-the-list-shows-inserts-opens-and-cancels ()
  "The list shows prompt, age, cost and status; it opens, inserts and cancels [editor 33, 34]."
  (imagewire-tests--with ((note (current-buffer)))
    (setq note (current-buffer))
    (imagewire-generate "a zebra to be listed")
    (imagewire-tests--idle)
    (erase-buffer)
    (insert "before after")
    (goto-char 7)
    (let ((imagewire-input '(:size "64x64" :sandbox (:never t))))
      (save-excursion (goto-char (point-max)) (imagewire-generate "a yak to be listed")))
    (imagewire-tests--wait "its start" (lambda () (imagewire--work-id (car imagewire--in-progress))))
    (imagewire-tests--in-list "to be listed" 2
      (should (looking-at " *\\(created\\|processing\\) +[0-9]+ s +free +a yak to be listed$"))
      (imagewire-list-cancel)
      (imagewire-tests--message "a yak to be listed: cancelled")
      (imagewire-tests--wait "the cancelled one" (lambda () (goto-char (point-min)) (looking-at " *cancelled")))
      (forward-line 1)
      (should (looking-at " *completed +[0-9]+ s +free +image +a zebra to be listed$"))
      (imagewire-list-insert)
      (imagewire-tests--message "inserted in note.md")
      (imagewire-list-open)
      (imagewire-tests--message "this display shows no images"))
    (imagewire-tests--idle)
    (should (equal (with-current-buffer note (buffer-string))
                   "before![a zebra to be listed](images/a-zebra-to-be-listed.png) after"))
    (imagewire-list "no image has these words")
    (imagewire-tests--message "no images found")
    (kill-buffer "*imagewire*")))

(ert-deftest imagewire-an-image-from-elsewhere-is-copied-first ()
  "A link to an image in the folder or the project is relative, and one from elsewhere is copied into the folder [editor 13, 14]."
  (imagewire-tests--with ((other (make-temp-file "other" t)) (imagewire-folder "images"))
    (with-temp-buffer
      (setq buffer-file-name (expand-file-name "other.md" other))
      (imagewire-generate "a zebra from elsewhere")
      (imagewire-tests--idle)
      (set-buffer-modified-p nil)
      (setq buffer-file-name nil))
    (dotimes (number 2)
      (imagewire-tests--in-list "a zebra from elsewhere" 1
        (setq imagewire-tests--said nil)
        (imagewire-list-insert)
        (imagewire-tests--message "inserted in note.md"))
      (should (equal (buffer-string)
                     (nth number '("![a zebra from elsewhere](images/a-zebra-from-elsewhere.png)"
                                   "![a zebra from elsewhere](images/a-zebra-from-elsewhere.png)![a zebra from elsewhere](images/a-zebra-from-elsewhere.png)")))))
    (should (imagewire-tests--image-p (expand-file-name "images/a-zebra-from-elsewhere.png" folder)))
    (delete-directory other t)
    ;; Below the project of the document.
    (make-directory (expand-file-name "deep" folder))
    (cl-letf (((symbol-function 'imagewire--project) (lambda () folder)))
      (let ((buffer-file-name (expand-file-name "deep/note.md" folder)))
        (should (equal (imagewire--path-to (expand-file-name "pictures/a.png" folder)) "../pictures/a.png"))
        (should (equal (imagewire--copied (expand-file-name "pictures/a.png" folder)) (expand-file-name "pictures/a.png" folder)))
        (should (equal (imagewire--path-to "/elsewhere/a.png") "/elsewhere/a.png"))))
    ;; A folder that cannot be written.
    (save-buffer)
    (let ((before (buffer-string)))
      (imagewire-tests--in-list "a zebra from elsewhere" 1
        (setq imagewire-folder "note.md/x")
        (imagewire-list-insert)
        (imagewire-tests--message "note.md/x cannot be written"))
      (should (equal (buffer-string) before)))
    (kill-buffer "*imagewire*")))

(ert-deftest imagewire-the-list-copies-changes-and-deletes ()
  "The list copies the prompt, changes an image, and asks before it deletes one [editor 34]."
  (imagewire-tests--with ((prompt (concat "a zebra for the list\n" (make-string 9000 ?z) " end")))
    (imagewire-generate prompt)
    (imagewire-tests--idle)
    (erase-buffer)
    (imagewire-tests--in-list "a zebra for the list" 1
      (imagewire-list-copy-prompt)
      (imagewire-tests--message "C-y yanks the prompt")
      (should (equal (current-kill 0) prompt))
      (imagewire-tests--answering '("a hat for the zebra" t)
        (call-interactively #'imagewire-list-change)
        (should (string-match-p "\\`Send a-zebra-for-the-list.* to sandbox\\? " (car imagewire-tests--asked)))))
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a hat for the zebra](images/a-hat-for-the-zebra.png)"))
    (imagewire-tests--in-list "a hat for the zebra" 1
      (imagewire-tests--answering '(nil) (imagewire-list-delete))
      (imagewire-tests--message "nothing was deleted")
      (should (equal (plist-get (imagewire--await :status (list :id (plist-get (tabulated-list-get-id) :id))) :status) "completed"))
      (imagewire-tests--answering '(t)
        (imagewire-list-delete)
        (should (equal imagewire-tests--asked '("Delete \"a hat for the zebra\"; its files stay? "))))
      (imagewire-tests--wait "the empty list" (lambda () (= (point-min) (point-max))))
      (should-error (imagewire-list-open) :type 'user-error))
    (should (file-exists-p (expand-file-name "images/a-hat-for-the-zebra.png" folder)))
    (imagewire-tests--in-list "a zebra for the list" 1
      (imagewire-tests--answering '(t) (imagewire-list-delete '(4)))
      (imagewire-tests--wait "the empty list" (lambda () (= (point-min) (point-max)))))
    (should-not (directory-files (expand-file-name "images" folder) nil "zebra-for-the-list"))
    (kill-buffer "*imagewire*")))

(provide 'imagewire-list-tests)
;;; imagewire-list-tests.el ends here
