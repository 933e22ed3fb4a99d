;;; ob-imagewire-tests.el --- Images as blocks of Org Babel  -*- lexical-binding: t; -*-

;;; Commentary:

;; Real blocks, executed and exported with the real program.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)
(require 'ob-imagewire)
(require 'ox-html)

(defmacro imagewire-tests--with-block (block &rest body)
  "Run BODY in an Org document with BLOCK, at its first line."
  (declare (indent 1))
  `(imagewire-tests--with ((org-confirm-babel-evaluate nil)
                           (org-export-use-babel t))
     (set-visited-file-name (expand-file-name "note.org" folder) t)
     (org-mode)
     (insert ,block)
     (goto-char (point-min))
     ,@body))

(defun imagewire-tests--built (text)
  "Return how many predictions of builds have TEXT."
  (length (plist-get (imagewire--await :list (list :text text :tag "build")) :predictions)))

(defun imagewire-tests--modified (name folder)
  "Return when the file NAME in FOLDER was made, and its inode."
  (let ((attributes (file-attributes (expand-file-name name folder))))
    (list (file-attribute-modification-time attributes) (file-attribute-inode-number attributes))))

(ert-deftest ob-imagewire-a-block-is-made-once ()
  (imagewire-tests--with-block "#+begin_src imagewire :file images/fox.png :size 64x64\n  a red \"fox\" for Babel, été 🦊\n#+end_src\n"
    (org-babel-execute-src-block)
    (should (string-match-p "#\\+RESULTS:\n\\[\\[file:images/fox.png\\]\\]" (buffer-string)))
    (should (imagewire-tests--image-p (expand-file-name "images/fox.png" folder)))
    (should (string-match-p "made images/fox.png free" (imagewire-tests--message "made images/fox.png")))
    (let ((made (imagewire-tests--modified "images/fox.png" folder)))
      ;; Again, in an export, and where nothing can be reached.
      (org-babel-execute-src-block)
      (imagewire-tests--message "unchanged images/fox.png")
      (let ((process-environment (append '("HOME=/nowhere" "WAVESPEED_BASE_URL=http://127.0.0.1:1") process-environment)))
        (should (string-search "<img src=\"images/fox.png\"" (org-export-as 'html nil nil t))))
      (should (equal made (imagewire-tests--modified "images/fox.png" folder)))
      (should (= 1 (imagewire-tests--built "for Babel")))
      ;; The document itself, as the program reads it.
      (save-buffer)
      (with-temp-buffer
        (should (= 0 (call-process (getenv "IMAGEWIRE") nil t nil "build" (expand-file-name "note.org" folder))))
        (should (string-prefix-p "unchanged" (buffer-string))))
      ;; Another prompt makes it anew, under its name.
      (goto-char (point-min))
      (search-forward "red")
      (replace-match "blue")
      (org-babel-execute-src-block)
      (should-not (equal made (imagewire-tests--modified "images/fox.png" folder)))
      (should (= 2 (imagewire-tests--built "for Babel"))))))

(ert-deftest ob-imagewire-properties-make-no-other-image ()
  (imagewire-tests--with-block (concat "#+PROPERTY: header-args:imagewire :seed 4\n#+PROPERTY: header-args :size 128x128\n"
                                       "#+name: x\n#+header: :quality high\n"
                                       "#+BEGIN_SRC imagewire :file fox.png :size 64x64 :eval no-export :n 1\na fox with properties\n#+END_SRC\n")
    (org-mode)
    (search-forward "BEGIN_SRC")
    (org-babel-execute-src-block)
    (should (file-exists-p (expand-file-name "fox.png" folder)))
    (should (equal (imagewire--json (plist-get (imagewire-tests--newest) :input))
                   "{\"n\":1,\"size\":\"64x64\",\"prompt\":\"a fox with properties\"}"))))

(ert-deftest ob-imagewire-a-name-with-spaces-in-a-list ()
  (imagewire-tests--with-block "- one\n\n  #+begin_src imagewire :file \"Meine Bilder/ein Füchslein.png\" :size 64x64\n  ein Fuchs,\n  ,* kein Stern\n  #+end_src\n"
    (search-forward "begin_src")
    (org-babel-execute-src-block)
    (should (string-search "[[file:Meine Bilder/ein Füchslein.png]]" (buffer-string)))
    (should (imagewire-tests--image-p (expand-file-name "Meine Bilder/ein Füchslein.png" folder)))
    (should (equal (plist-get (plist-get (imagewire-tests--newest) :input) :prompt) "ein Fuchs,\n* kein Stern"))))

(ert-deftest ob-imagewire-what-cannot-be-made-is-refused ()
  (pcase-dolist (`(,arguments ,body ,reason)
                 '(("" "a fox" "names no file")
                   (":file ../fox.png" "a fox" "outside the folder of the document")
                   (":file /fox.png" "a fox" "must be relative")
                   (":file fox.txt" "a fox" "must end as images do")
                   (":file fox.png :image \"@/etc/passwd\"" "a fox" "names a local file")
                   (":file fox.png" "  " "block is empty")
                   (":file mine.png" "a fox" "mine.png was not made by imagewire")
                   (":file fox.png :sandbox {\"fail\":\"content_refused\"}" "a fox" "Nothing is billed")))
    (imagewire-tests--with-block (format "#+begin_src imagewire %s\n%s\n#+end_src\n" arguments body)
      (write-region "mine" nil (expand-file-name "mine.png" folder))
      (let ((problem (cadr (should-error (org-babel-execute-src-block) :type 'user-error))))
        (should (string-search reason problem))
        (should-not (string-search "\n" problem))
        (should-not (string-search ".org" problem)))
      (should-not (string-search "RESULTS" (buffer-string)))
      (should-not (file-exists-p (expand-file-name "fox.png" folder)))
      (should (equal (with-temp-buffer (insert-file-contents (expand-file-name "mine.png" folder)) (buffer-string)) "mine")))))

(ert-deftest ob-imagewire-quit-while-it-is-made ()
  (imagewire-tests--with-block "#+begin_src imagewire :file fox.png :sandbox {\"never\":true}\na fox for ever\n#+end_src\n"
    (make-process :name "user" :command '("sh" "-c" "sleep 1; echo C-g; sleep 9") :noquery t
                  :filter (lambda (user _) (delete-process user) (setq quit-flag t)))
    (let ((problem (cadr (should-error (org-babel-execute-src-block) :type 'user-error))))
      (should (string-match-p "Stopped\\. .*\\(Nothing was spent\\|pays nothing again\\)" problem)))
    (should-not (seq-find (lambda (process) (string-prefix-p "imagewire build" (process-name process))) (process-list)))
    (dolist (prediction (append (plist-get (imagewire--await :list '(:text "a fox for ever")) :predictions) nil))
      (imagewire--await :cancel (list :id (plist-get prediction :id))))))

(ert-deftest ob-imagewire-the-price-and-the-key ()
  (imagewire-tests--with-provider "{\"usd\": 0.25}"
    (setq imagewire-configuration (cons '(provider . "wavespeed") imagewire-configuration))
    (imagewire-tests--with-block "#+begin_src imagewire :file fox.png\na fox with a key\n#+end_src\n"
      (setq imagewire-input nil)
      (let ((imagewire-ask-above 0.1))
        (should (string-match-p "0\\.25\\|max_cost\\|costs" (cadr (should-error (org-babel-execute-src-block) :type 'user-error)))))
      (should-not (file-exists-p (expand-file-name "fox.png" folder)))
      (org-babel-execute-src-block)
      (should (file-exists-p (expand-file-name "fox.png" folder)))
      (dolist (buffer (buffer-list))
        (should-not (string-search "wsk_SECRET" (with-current-buffer buffer (buffer-string))))))))

(provide 'ob-imagewire-tests)
;;; ob-imagewire-tests.el ends here
